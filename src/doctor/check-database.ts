import type { Config } from '../../config/env.ts';
import { queueSchema } from '../queue/queue-backend.ts';
import { hasSchema, listMonthsWithoutEvents } from '../store/doctor-reads.ts';
import { readSchemaState } from '../store/migrate.ts';
import { type RoleFacts, readRoleFacts } from '../store/role-checks.ts';
import {
  connectionBudget,
  findServerProblems,
  type ServerFacts,
  type ServerProblem,
} from '../store/server-check.ts';
import type { DatabaseView } from './database-view.ts';
import { type Check, counted, type Finding, fine, problem, warning } from './finding.ts';

/** The server, its roles and the schema; the clock is checked beside the provider's. */
export async function checkDatabase(view: DatabaseView, config: Config): Promise<Finding[]> {
  const roles = await readRoleFacts(view.database);
  const isMade = roles.some(({ exists }) => exists);
  return [
    ...checkServer(view.facts, config),
    ...checkChecksums(view.facts),
    ...(isMade ? checkRoles(roles) : []),
    ...(view.facts.synchronous_commit === 'off' ? [] : checkEarlyCommits(roles)),
    ...(await checkSchema(view, config)),
    ...checkLogin(view),
  ];
}

const settingChecks: Record<ServerProblem['setting'], { check: Check; mend: string }> = {
  fsync: { check: 'database_durability', mend: 'Set fsync = on and reload PostgreSQL.' },
  full_page_writes: {
    check: 'database_durability',
    mend: 'Set full_page_writes = on and reload PostgreSQL.',
  },
  synchronous_commit: {
    check: 'database_durability',
    mend: 'Set synchronous_commit = on, for the database too (alter database … reset synchronous_commit).',
  },
  server_version: { check: 'database_version', mend: 'Upgrade it to PostgreSQL 15 or newer.' },
  max_connections: {
    check: 'database_connections',
    mend: 'Raise max_connections and restart PostgreSQL, or lower DATABASE_POOL_MAX.',
  },
};

function checkServer(facts: ServerFacts, config: Config): Finding[] {
  const connectionsMax = connectionBudget({
    poolMax: config.DATABASE_POOL_MAX,
    carriesQueue: !config.REDIS_URL,
  });
  const found = findServerProblems(facts, { connectionsMax }).map(({ setting, text }) =>
    problem(settingChecks[setting].check, { text, mend: settingChecks[setting].mend }),
  );
  const ill = new Set(found.map(({ check }) => check));
  const major = Math.floor(Number(facts.server_version_num) / 10_000);
  const well = [
    fine('database_version', `PostgreSQL ${major} answers.`),
    fine('database_durability', 'It has on disk what it confirms.'),
    fine(
      'database_connections',
      `It allows ${Number(facts.max_connections)} connections; one process of each role needs ${connectionsMax} at most.`,
    ),
  ];
  return [...found, ...well.filter(({ check }) => !ill.has(check))];
}

function checkChecksums(facts: ServerFacts): Finding[] {
  if (facts.data_checksums === 'on') {
    return [fine('database_checksums', 'It notices when its disk returns something else.')];
  }
  return [
    warning('database_checksums', {
      text: 'PostgreSQL keeps no data checksums: a disk that returns something else goes unnoticed.',
      mend: 'Stop it once and run pg_checksums --enable.',
    }),
  ];
}

const excesses: Record<NonNullable<RoleFacts['excess']>, { text: string; mend: string }> = {
  superuser: { text: 'is a superuser', mend: 'alter role ROLE nosuperuser;' },
  bypasses: { text: 'bypasses row-level security', mend: 'alter role ROLE nobypassrls;' },
  creates_roles: { text: 'may create roles', mend: 'alter role ROLE nocreaterole;' },
  owns: { text: 'owns tables', mend: 'revoke sotto_owner from ROLE;' },
};

function checkRoles(roles: readonly RoleFacts[]): Finding[] {
  const found = roles.flatMap(({ role, exists, excess }): Finding[] => {
    const name = `sotto_${role}`;
    if (!exists) {
      const mend = `create role ${name} login noinherit; then grant it what 0003-security.sql does.`;
      return [problem('database_roles', { text: `The database user ${name} is missing.`, mend })];
    }
    if (!excess) return [];
    const { text, mend } = excesses[excess];
    return [
      problem('database_roles', {
        text: `The database user ${name} ${text}: it can do more than its process should.`,
        mend: mend.replace('ROLE', name),
      }),
    ];
  });
  if (found.length > 0) return found;
  return [fine('database_roles', 'Each role has a user that can do no more than it should.')];
}

/** A setting of a role alone does not show to anybody else. */
function checkEarlyCommits(roles: readonly RoleFacts[]): Finding[] {
  const names = roles.filter(({ commitsEarly }) => commitsEarly).map(({ role }) => `sotto_${role}`);
  if (names.length === 0) return [];
  return [
    problem('database_durability', {
      text: `synchronous_commit is off for ${names.join(', ')}: accepted would not mean stored.`,
      mend: `alter role ${names[0]} reset synchronous_commit; likewise with "in database", and alter database … reset.`,
    }),
  ];
}

async function checkSchema(view: DatabaseView, config: Config): Promise<Finding[]> {
  if (view.login) return [];
  const state = await readSchemaState(view.database);
  const migrate = 'Run sotto migrate as an administrator, before the processes start.';
  if (!state.exists) {
    return [
      problem('schema', { text: 'The database is empty: it has no schema yet.', mend: migrate }),
    ];
  }
  const found: Finding[] = [];
  if (state.unknownCount > 0) {
    found.push(
      problem('schema', {
        text: `The database is newer than this version of Sotto, by ${counted(state.unknownCount, 'migration')}.`,
        mend: 'Run the newer version; a schema only goes forward.',
      }),
    );
  }
  for (const name of state.changed) {
    found.push(
      problem('schema', {
        text: `Migration ${name} was changed after it had been applied.`,
        mend: 'Restore the file of the release; this copy of Sotto is not what was released.',
      }),
    );
  }
  if (state.pending.length > 0) {
    found.push(
      problem('schema', {
        text: `The database is older than this version of Sotto: ${state.pending.join(', ')} ${state.pending.length === 1 ? 'is' : 'are'} still to run.`,
        mend: migrate,
      }),
    );
  }
  if (found.length === 0) found.push(fine('schema', 'The schema is the one of this version.'));
  return [...found, ...(await checkQueueSchema(view, config)), ...(await checkMonths(view))];
}

async function checkQueueSchema({ database }: DatabaseView, config: Config): Promise<Finding[]> {
  if (config.REDIS_URL) return [];
  if (await hasSchema(database, queueSchema)) {
    return [fine('queue_schema', 'It can carry the queue.')];
  }
  return [
    problem('queue_schema', {
      text: 'PostgreSQL is to carry the queue (REDIS_URL is unset) and has no place for it.',
      mend: 'Run sotto migrate, or set REDIS_URL.',
    }),
  ];
}

const monthsAhead = 3;

async function checkMonths({ database }: DatabaseView): Promise<Finding[]> {
  const missing = await listMonthsWithoutEvents(database, { monthsAhead });
  const [first] = missing;
  if (first === undefined) {
    return [
      fine('event_partitions', `Events of the ${monthsAhead} months ahead have their place.`),
    ];
  }
  const isSoon = missing.length >= monthsAhead;
  const ill = {
    text: `There is no place for events of ${first}: nothing could be accepted or sent from then on.`,
    mend: 'Let scheduler run, which makes them; or, as an administrator: select ensure_event_partitions(3);',
  };
  return [isSoon ? problem('event_partitions', ill) : warning('event_partitions', ill)];
}

function checkLogin({ login }: DatabaseView): Finding[] {
  if (!login) return [];
  return [
    warning('database_unknown', {
      text: `DATABASE_URL signs in as sotto_${login}: that user may not see the schema's version.`,
      mend: 'Look once more with the DATABASE_URL of an administrator.',
    }),
  ];
}
