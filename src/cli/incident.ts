import type { Config } from '../../config/env.ts';
import { type BreachFacts, breachNotice, breachNoticeText } from '../domain/breach-notice.ts';
import { incidentWords, notifyBy } from '../domain/incident.ts';
import { administer, administrator } from '../store/administration.ts';
import { closeIncident } from '../usecases/close-incident.ts';
import {
  type Incident,
  type IncidentDeps,
  listAllReferences,
  readIncident,
  readIncidents,
} from '../usecases/read-incidents.ts';
import { adminUrlOf, missing, uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { minuteText, printTable } from './print-table.ts';
import { reasonFrom } from './reason-option.ts';
import { type Action, runAction } from './run-action.ts';

interface IncidentValues {
  readonly open?: boolean | undefined;
  readonly references?: boolean | undefined;
  readonly organisation?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `sotto incident`. */
export async function runIncident(
  config: Config,
  given: { readonly values: IncidentValues; readonly positionals: readonly string[] },
): Promise<number> {
  return runAction(config, actions, given);
}

const actions: Readonly<Record<string, Action<IncidentValues>>> = {
  list: { words: 0, options: ['open'], run: list },
  show: { words: 1, options: ['references', 'organisation'], run: show },
  export: { words: 1, options: ['organisation'], run: exportNotice },
  close: { words: 1, options: ['reason'], run: close },
};

function depsOf(config: Config): IncidentDeps {
  const adminUrl = adminUrlOf(config);
  return { transaction: (work) => administer(adminUrl, work) };
}

async function list(config: Config, { open, json }: IncidentValues): Promise<number> {
  const incidents = await readIncidents(depsOf(config), open ? { isOpen: true } : {});
  if (json) {
    console.log(JSON.stringify(incidents));
    return exitCodes.fine;
  }
  printTable(
    ['ID', 'CODE', 'SINCE', 'FOUND', 'CLOSED', 'ORGANISATIONS', 'APPOINTMENTS'],
    incidents.map((one) => [
      ...[one.id, one.code, minuteText(one.since, ''), minuteText(one.openedAt, '')],
      ...[minuteText(one.closedAt, 'open')],
      ...[String(one.organisationCount), String(one.appointmentCount)],
    ]),
  );
  return exitCodes.fine;
}

async function show(config: Config, values: IncidentValues, word: string): Promise<number> {
  const deps = depsOf(config);
  const { incident, organisationId } = await find(deps, values, word);
  const references = values.references
    ? await listAllReferences(deps, { incidentId: incident.id, organisationId })
    : undefined;
  if (values.json) {
    console.log(JSON.stringify({ ...incident, ...(references && { references }) }));
    return exitCodes.fine;
  }
  for (const line of inWords(incident)) console.log(line);
  for (const one of references ?? []) {
    console.log(`  ${one.organisationId} ${one.mode}  ${one.reference}`);
  }
  return exitCodes.fine;
}

async function exportNotice(config: Config, values: IncidentValues, word: string): Promise<number> {
  const { incident, organisationId } = await find(depsOf(config), values, word);
  const notice = breachNotice({
    ...factsOf(incident),
    ...(organisationId && { closedReason: null }),
  });
  console.log(values.json ? JSON.stringify(notice) : breachNoticeText(notice));
  return exitCodes.fine;
}

async function close(config: Config, values: IncidentValues, word: string): Promise<number> {
  const incidentId = uuidFrom(word, 'The incident');
  const reason = reasonFrom(values.reason);
  const isNew = await closeIncident(depsOf(config), {
    ...{ incidentId, reason, actor: administrator },
  }).catch(missing('incident'));
  if (values.json) console.log(JSON.stringify({ id: incidentId, closed: true, wasClosed: !isNew }));
  else console.log(isNew ? 'Closed.' : 'It was closed already.');
  return exitCodes.fine;
}

/** The incident, as it is for all organisations or for the one that is named. */
async function find(deps: IncidentDeps, { organisation }: IncidentValues, word: string) {
  const id = uuidFrom(word, 'The incident');
  const organisationId =
    organisation === undefined ? undefined : uuidFrom(organisation, '--organisation');
  const found = await readIncident(deps, id).catch(missing('incident'));
  if (organisationId === undefined) return { incident: found, organisationId };
  const organisations = found.organisations.filter((one) => one.organisationId === organisationId);
  if (organisations.length === 0) {
    throw new CommandError('This incident is not known to have touched that organisation.');
  }
  const appointmentCount = organisations.reduce((sum, one) => sum + one.appointmentCount, 0);
  const organisationCount = Math.min(1, organisations.length);
  const incident = { ...found, organisations, appointmentCount, organisationCount };
  return { incident, organisationId };
}

function factsOf(incident: Incident): BreachFacts {
  const [first] = incident.alerts
    .flatMap(({ deliveredAt }) => deliveredAt ?? [])
    .toSorted((one, other) => one.getTime() - other.getTime());
  const organisations = [
    ...Map.groupBy(incident.organisations, ({ organisationId }) => organisationId).values(),
  ].flatMap(([one]) => one ?? []);
  return { ...incident, organisations, alertedAt: first ?? null };
}

function inWords(incident: Incident): string[] {
  const { code, since, openedAt, closedAt, organisations, alerts, sightings } = incident;
  const [last] = sightings;
  const facts = Object.entries(last?.facts ?? {}).map(([name, count]) => `${name} ${count}`);
  return [
    `${code}: ${incidentWords[code].what}`,
    `since        ${since.toISOString()}`,
    `found        ${openedAt.toISOString()}`,
    `72 h end     ${notifyBy(openedAt).toISOString()}`,
    closedAt
      ? `closed       ${closedAt.toISOString()} by ${incident.closedBy}: ${incident.closedReason}`
      : 'closed       not yet',
    ...(last ? [`last seen    ${last.at.toISOString()} ${facts.join(', ')}`] : []),
    ...alerts.map(({ way, tries, deliveredAt }) => {
      const what = deliveredAt
        ? `taken ${deliveredAt.toISOString()}`
        : `not taken, tries: ${tries}`;
      return `alert        ${way}: ${what}`;
    }),
    `touched      ${incident.appointmentCount} appointments of ${incident.organisationCount} organisations`,
    ...organisations.map(
      (one) =>
        `  ${one.organisationId} ${one.mode}: ${one.appointmentCount} of ${one.name}, told ${one.toldAt.toISOString()}`,
    ),
  ];
}
