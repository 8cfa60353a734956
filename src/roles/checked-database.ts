import { setTimeout as wait } from 'node:timers/promises';
import { type Config, ConfigError } from '../../config/env.ts';
import { type Database, openDatabase, rethrowUnavailable } from '../store/database.ts';
import { maySend } from '../store/lives.ts';
import { isSchemaBehind } from '../store/migrate.ts';
import { findPooler, type Pooler } from '../store/pooler.ts';
import type { DatabaseRole } from '../store/role-logins.ts';
import { connectionBudget, findUnsafeSettings } from '../store/server-check.ts';
import type { Log } from '../telemetry/log.ts';

/** What was revoked, erased or locked since a backup must not be served from it. */
const servesPeople: readonly DatabaseRole[] = ['api', 'patient', 'ops'];
const comparingMs = 15_000;

/**
 * Opens the database as a role, once it is certain that the server keeps what it confirms, that the
 * role can do no more than it should, and that the schema is not older than this code.
 *
 * @throws {ConfigError} one line for everything that is unsafe
 */
export async function openCheckedDatabase(
  config: Config,
  { role, log }: { role: DatabaseRole; log: Log },
): Promise<Database> {
  if (!config.DATABASE_URL) throw new ConfigError(['DATABASE_URL: required by this role']);
  const pooler = await findPooler(config.DATABASE_URL).catch(rethrowUnavailable);
  tellOf(pooler, log);
  const database = openDatabase({
    url: config.DATABASE_URL,
    connectionsMax: config.DATABASE_POOL_MAX,
    applicationName: `sotto ${role}`,
    keepsStatements: pooler.keepsStatements,
    onIdleError: () => log.warn('an idle database connection was lost'),
  });
  try {
    // Those that ring, hear and watch alone know whether the queue is here.
    const queueIsHere = ['scheduler', 'worker', 'ops'].includes(role) && !config.REDIS_URL;
    const connectionsMax = connectionBudget({
      poolMax: config.DATABASE_POOL_MAX,
      carriesQueue: queueIsHere,
    });
    const problems = await findUnsafeSettings(database, { role, connectionsMax });
    // A worker that sends and cannot write what became of it is worse than none.
    if (problems.length === 0 && (await isSchemaBehind(database))) {
      problems.push('The schema is of an older version than this: run sotto migrate first.');
    }
    if (problems.length > 0) throw new ConfigError(problems);
    if (servesPeople.includes(role)) await untilCompared(database, log);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function tellOf({ isThere, keepsStatements }: Pooler, log: Log): void {
  if (!isThere) return;
  log.info(
    keepsStatements
      ? 'PostgreSQL is behind a pooler'
      : 'PostgreSQL is behind a pooler that keeps no prepared statements: each is planned anew',
  );
}

/**
 * Leaves the scheduler some time to compare a server that was started anew with the mark outside, and to
 * replay what a restored one has forgotten. Without a scheduler, serving goes on as it is.
 */
async function untilCompared(database: Database, log: Log): Promise<void> {
  const startedMs = performance.now();
  while (!(await maySend(database))) {
    if (performance.now() - startedMs > comparingMs) {
      log.warn('no scheduler has compared the database with its mark yet');
      return;
    }
    await wait(100);
  }
}
