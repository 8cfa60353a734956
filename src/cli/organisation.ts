import type { Config } from '../../config/env.ts';
import { portalForAll } from '../../config/portal.ts';
import { channelsAvailable, hasLiveTransport } from '../../config/transports.ts';
import { organisationNameCharactersMax } from '../domain/check-settings.ts';
import type { Organisation } from '../domain/organisation.ts';
import { ceilingNames } from '../domain/quota.ts';
import { lineFault } from '../domain/shown-line.ts';
import { administer, administrator } from '../store/administration.ts';
import { listOrganisations } from '../store/organisations.ts';
import { changeOrganisation } from '../usecases/change-organisation.ts';
import { createOrganisation } from '../usecases/create-organisation.ts';
import { adminUrlOf, missing, untilSealable, uuidFrom } from './admin.ts';
import { ceilingOptions } from './ceiling-options.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { minuteText, printTable } from './print-table.ts';
import { type Action, runAction } from './run-action.ts';
import { type SettingsValues, settingsFaults, settingsFrom } from './settings-options.ts';

interface Values extends SettingsValues {
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

const actions: Readonly<Record<string, Action<Values>>> = {
  create: { words: 0, options: ['name'], run: create },
  list: { words: 0, options: [], run: list },
  show: { words: 1, options: [], run: show },
  set: {
    words: 1,
    options: [
      'name',
      'language',
      'plan',
      'quiet',
      'jitter',
      'uncertain',
      'birth-date-opens',
      'proof',
      'portal',
      'portal-client',
      'portal-acr',
      'portal-max-age',
      'days-ahead',
      'requests-per-minute',
      ...Object.values(ceilingOptions),
      'countries',
      'reason',
    ],
    run: set,
  },
};

/** `sotto org`: organisations and what they have decided. */
export function runOrganisation(
  config: Config,
  given: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  return runAction(config, actions, given);
}

/** Returns once the organisation's sealing keys are published. */
async function create(config: Config, values: Values): Promise<number> {
  const name = (values.name ?? '').trim();
  if (lineFault(name, organisationNameCharactersMax)) {
    throw new CommandError('--name must be 1 to 200 characters on one line.');
  }
  const { id } = await createOrganisation({ adminUrl: adminUrlOf(config) }, { name });
  await untilSealable(config, id);
  console.log(values.json ? JSON.stringify({ id, name }) : `Created organisation ${id}`);
  return 0;
}

async function list(config: Config, { json }: Values): Promise<number> {
  const organisations = await administer(adminUrlOf(config), (connection) =>
    listOrganisations(connection),
  );
  if (json) console.log(JSON.stringify({ organisations }));
  else {
    printTable(
      ['ID', 'NAME', 'LANGUAGE', 'PLAN', 'MADE'],
      organisations.map((one) => [
        one.id,
        one.name,
        one.defaultLanguage,
        planText(one),
        minuteText(one.createdAt, '-'),
      ]),
    );
  }
  return 0;
}

async function show(config: Config, { json }: Values, word: string): Promise<number> {
  const id = uuidFrom(word, 'The organisation');
  const [organisation] = await administer(adminUrlOf(config), (connection) =>
    listOrganisations(connection, { id }),
  );
  if (!organisation) throw new CommandError('No organisation has this id.', { exitCode: 1 });
  if (json) console.log(JSON.stringify(organisation));
  else
    for (const [option, text] of described(organisation))
      console.log(`${option.padEnd(22)} ${text}`);
  return 0;
}

async function set(config: Config, values: Values, word: string): Promise<number> {
  const id = uuidFrom(word, 'The organisation');
  const { reason, json, ...options } = values;
  if (Object.keys(options).length === 0) throw new CommandError('Say at least one setting.');
  const adminUrl = adminUrlOf(config);
  const { organisation, changed, isJournaled } = await changeOrganisation(
    {
      transaction: (work) => administer(adminUrl, work),
      journal: commandLineJournal(config),
      channelsAvailable: channelsAvailable(config),
      portals: {
        loopbackAllowed: !hasLiveTransport(config),
        isPortalForAll: portalForAll(config) !== undefined,
      },
    },
    {
      organisationId: id,
      actor: administrator,
      isAdministrator: true,
      wanted: settingsFrom(options),
      reason: reason?.trim() || undefined,
    },
  )
    .catch(settingsFaults)
    .catch(missing('organisation'));
  if (json) console.log(JSON.stringify({ ...organisation, changed }));
  else console.log(changed.length > 0 ? `Set ${changed.join(', ')}` : 'It stands so already.');
  if (isJournaled) return exitCodes.fine;
  tellUnjournaled('It is set', 'look whether it is as strict as before, and set it again');
  return exitCodes.failed;
}

/** As the options are typed, so that what is shown can be set elsewhere. */
function described(organisation: Organisation & { createdAt: Date }): [string, string][] {
  const { quietHours, requestsPerMinute } = organisation;
  return [
    ['id', organisation.id],
    ['name', organisation.name],
    ['made', minuteText(organisation.createdAt, '-')],
    ['language', organisation.defaultLanguage],
    ['plan', planText(organisation)],
    ['quiet', quietHours === null ? 'none' : `${quietHours.start}-${quietHours.end}`],
    ['jitter', String(organisation.jitterMinutes)],
    ['uncertain', organisation.uncertainPolicy],
    ['birth-date-opens', organisation.birthDateOpens],
    ['proof', organisation.proofPolicy],
    ...portalLines(organisation),
    ['days-ahead', String(organisation.daysAheadMax)],
    ['requests-per-minute', requestsPerMinute === null ? 'none' : String(requestsPerMinute)],
    ...ceilingNames.map((name): [string, string] => [
      ceilingOptions[name],
      String(organisation[name] ?? 'none'),
    ]),
    [
      'countries',
      organisation.countries === null ? 'all' : organisation.countries.join(',') || 'none',
    ],
  ];
}

function portalLines({ portal }: Organisation): [string, string][] {
  if (portal === null) return [['portal', 'none']];
  return [
    ['portal', portal.issuer],
    ['portal-client', portal.clientId],
    ['portal-acr', portal.acrValues.join(' ') || 'none'],
    ['portal-max-age', String(portal.maxAgeMinutes)],
  ];
}

function planText({ reminderPlan }: Organisation): string {
  return reminderPlan.map(({ before, channel }) => `${before} ${channel}`).join(', ') || 'none';
}
