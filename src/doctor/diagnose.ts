import { setTimeout as wait } from 'node:timers/promises';
import { hasLiveTransport } from '../../config/transports.ts';
import type { Secret } from '../domain/secret.ts';
import { type Database, sqlState } from '../store/database.ts';
import { isLifeBegun, readDataFolder } from '../store/doctor-reads.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { errorFacts } from '../telemetry/log.ts';
import { askAddress } from './ask-address.ts';
import { checkAddresses } from './check-addresses.ts';
import { checkDatabaseClock } from './check-clock.ts';
import { checkConfiguration, type ReadConfiguration, unreadable } from './check-configuration.ts';
import { checkDatabase } from './check-database.ts';
import { checkJournal } from './check-journal.ts';
import { checkKeys } from './check-keys.ts';
import { checkMailDns, type NameServer } from './check-mail-dns.ts';
import { checkMailServer } from './check-mail-server.ts';
import { checkMark } from './check-mark.ts';
import { checkPooler } from './check-pooler.ts';
import { checkProcesses } from './check-processes.ts';
import { checkRedis } from './check-redis.ts';
import { checkSms } from './check-sms.ts';
import { checkStandby } from './check-standby.ts';
import { type DatabaseView, openDatabaseView } from './database-view.ts';
import { type Finding, fine, type Group, problem, warning } from './finding.ts';
import { isInboundAddress } from './inbound-address.ts';

const lookMs = 12_000;
const sandboxMs = 5_000;

/** A set-up to look at. */
export interface SetUp extends ReadConfiguration {
  /** Undefined when nobody says where the database is. */
  readonly databaseUrl: Secret<string> | undefined;
}

export interface DoctorDeps {
  readonly dns: NameServer;
  /** This machine's clock, in milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** One thing to look at, apart from the others: what is dead delays none of them. */
interface Look {
  readonly group: Group;
  /** Variables that it cannot do without, by the beginning of their names. */
  readonly needs: readonly string[];
  readonly run: () => Promise<Finding[]> | Finding[];
}

/**
 * Looks at everything that a deployment leans on and says what is wrong with it. It changes nothing,
 * sends nothing and makes no key.
 *
 * @param only looks at one group alone
 */
export async function diagnose(
  deps: DoctorDeps,
  { only, ...setUp }: SetUp & { readonly only?: Group | undefined },
): Promise<Finding[]> {
  let opening: Opening;
  const open = () => {
    opening ??= setUp.databaseUrl && openDatabaseView(setUp.databaseUrl);
    return opening;
  };
  const cannotBeRead = unreadable(setUp);
  const looks = looksAt(setUp, deps, open).filter(({ group }) => !only || group === only);
  const found = await Promise.all(looks.map((look) => runLook(look, cannotBeRead)));
  // Not waited for: what hangs there has been said.
  void opening?.then((view) => ('close' in view ? view.close() : undefined)).catch(() => {});
  return found.flat();
}

/** Opened once, by whoever needs it first; undefined where nobody says what to open. */
type Opening = Promise<DatabaseView | Finding> | undefined;

async function runLook({ group, needs, run }: Look, cannotBeRead: string[]): Promise<Finding[]> {
  const lacking = cannotBeRead.find((name) => needs.some((need) => name.startsWith(need)));
  if (lacking) {
    const text = `Not looked at: ${group}, for ${lacking} cannot be read.`;
    return [warning(`${group}_unknown`, { text, mend: 'Correct that first.' })];
  }
  const patience = new AbortController();
  const late = wait(lookMs, undefined, { signal: patience.signal }).then(
    () => [unfinished(group, 'no answer in time')],
    () => [],
  );
  try {
    return await Promise.race([Promise.resolve().then(run), late]);
  } catch (error) {
    const cause = error instanceof Error && error.cause ? error.cause : error;
    const state = sqlState(cause);
    return [unfinished(group, state ? `SQLSTATE ${state}` : String(errorFacts(cause).code))];
  } finally {
    patience.abort();
  }
}

function unfinished(group: Group, why: string): Finding {
  return problem(`${group}_unknown`, {
    text: `Not all was looked at: ${group} (${why}).`,
    mend: 'Mend the other problems first, and look once more.',
  });
}

function looksAt(setUp: SetUp, { dns, nowMs }: DoctorDeps, open: () => Opening): Look[] {
  const { config } = setUp;
  const view = async () => {
    const opened = await open();
    return opened && 'database' in opened ? opened : undefined;
  };
  return [
    { group: 'configuration', needs: [], run: () => checkConfiguration(setUp) },
    {
      group: 'database',
      needs: ['DATABASE_'],
      async run() {
        const opened = await open();
        if (!opened) return [nowhere];
        if (!('database' in opened)) return [opened];
        return [
          ...(await checkDatabase(opened, config)),
          ...(await checkPooler(config)),
          await checkStandby(opened),
          await checkDatabaseClock(opened, { nowMs }),
        ];
      },
    },
    { group: 'redis', needs: ['REDIS_'], run: () => checkRedis(config.REDIS_URL) },
    {
      group: 'keys',
      needs: ['KEYSTORE', 'KEYSTORE_TOKEN', 'KEYSTORE_TOKEN_FILE'],
      async run() {
        const opened = await view();
        const organisationIds = opened?.asOps && (await organisationsOf(opened.asOps));
        const now = Temporal.Instant.fromEpochMilliseconds(Math.round(nowMs()));
        return checkKeys({ settings: config, organisationIds, now });
      },
    },
    {
      group: 'keys',
      needs: ['JOURNAL'],
      async run() {
        const opened = await view();
        const dataFolder = opened && (await readDataFolder(opened.database));
        const { JOURNAL: journal } = config;
        const isInUse = opened?.asOps && (await isLifeBegun(opened.asOps).catch(() => undefined));
        return [
          ...(await checkJournal({ journal, dataFolder })),
          await checkMark({ journal, isInUse, nowMs: nowMs() }),
        ];
      },
    },
    {
      group: 'processes',
      needs: ['DATABASE_'],
      async run() {
        const opened = await view();
        return opened?.asOps ? checkProcesses(opened.asOps) : [unseenProcesses(opened)];
      },
    },
    { group: 'mail', needs: ['SMTP_', 'EMAIL_'], run: () => lookAtMail(setUp) },
    {
      group: 'mail',
      needs: ['MAIL_', 'DKIM_', 'EMAIL_'],
      run: () => (config.EMAIL_TRANSPORT === 'smtp' ? checkMailDns(dns, config) : []),
    },
    { group: 'sms', needs: ['TWILIO_', 'SMS_'], run: () => lookAtSms(setUp, nowMs) },
    {
      group: 'addresses',
      needs: ['API_', 'PATIENT_', 'OPS_', 'CALLBACK_'],
      run: () => checkAddresses(config, { nowMs }),
    },
  ];
}

async function organisationsOf(asOps: Database): Promise<string[] | undefined> {
  return listOrganisationIds(asOps).catch(() => undefined);
}

const nowhere = problem('database_unknown', {
  text: 'There is no database to look at: DATABASE_URL is unset, and no npm start runs on DATA_DIR.',
  mend: 'Set DATABASE_URL to that of an administrator, or DATA_DIR to the folder of the npm start.',
});

function unseenProcesses(view: DatabaseView | undefined): Finding {
  if (view?.login) {
    return warning('processes_unknown', {
      text: `DATABASE_URL signs in as sotto_${view.login}, who may not see what all processes do.`,
      mend: 'Look once more with the DATABASE_URL of an administrator, or of sotto_ops.',
    });
  }
  if (view) {
    return warning('processes_unknown', {
      text: 'The user of DATABASE_URL may not act as sotto_ops: what processes do could not be seen.',
      mend: 'Run sotto migrate if it never ran; else look as a superuser or as sotto_ops.',
    });
  }
  return warning('processes_unknown', {
    text: 'What processes do could not be seen without the database.',
    mend: 'Mend that first.',
  });
}

async function lookAtMail({ config }: SetUp): Promise<Finding[]> {
  const { SMTP_URL: url, MAIL_FROM: from = 'doctor@localhost' } = config;
  if (config.EMAIL_TRANSPORT === 'smtp') return url ? checkMailServer({ url, from }) : [];
  if (hasLiveTransport(config)) return [fine('mail_server', 'No emails are sent from here.')];
  const where = fine('mail_server', 'Emails go to the sandbox, to nobody real.');
  if (!url) return [where];
  return [where, ...(await checkMailServer({ url, from })).filter(isIll)];
}

async function lookAtSms({ config }: SetUp, nowMs: () => number): Promise<Finding[]> {
  if (config.SMS_TRANSPORT === 'twilio') {
    return checkSms(config, { nowMs, isInboundAddress: await isInboundAddress(config) });
  }
  if (hasLiveTransport(config)) return [fine('sms_provider', 'No SMS are sent from here.')];
  const { TWILIO_BASE_URL: sandboxUrl } = config;
  const where = fine('sms_provider', 'SMS go to the sandbox, to nobody real.');
  if (!sandboxUrl) return [where];
  const answer = await askAddress(`${sandboxUrl}/faults`, { timeoutMs: sandboxMs });
  if ('status' in answer && answer.status === 200) return [where];
  const ill = {
    text: 'The sandbox does not answer.',
    mend: 'Start it: npm start does, or sotto sandbox.',
  };
  return [problem('sms_provider', ill)];
}

function isIll({ severity }: Finding): boolean {
  return severity !== 'fine';
}
