import { type Config, ConfigError } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { type DatabaseRole, databaseRoles } from '../store/role-logins.ts';
import { findUnsafeSettings } from '../store/server-check.ts';
import type { Log } from '../telemetry/log.ts';

/**
 * Opens the database as a role, once it is certain that the server keeps what it confirms and that
 * the role can do no more than it should.
 *
 * @throws {ConfigError} one line for everything that is unsafe
 */
export async function openCheckedDatabase(
  config: Config,
  { role, log }: { role: DatabaseRole; log: Log },
): Promise<Database> {
  if (!config.DATABASE_URL) throw new ConfigError(['DATABASE_URL: required by this role']);
  const database = openDatabase({
    url: config.DATABASE_URL,
    connectionsMax: config.DATABASE_POOL_MAX,
    applicationName: `sotto ${role}`,
    onIdleError: () => log.warn('an idle database connection was lost'),
  });
  try {
    // One process of each role with a pool of this size, and the queue's for those that ring, hear
    // and watch, who alone know whether it is here.
    const queueIsHere = ['scheduler', 'worker', 'ops'].includes(role) && !config.REDIS_URL;
    const connectionsMax =
      config.DATABASE_POOL_MAX * databaseRoles.length +
      (queueIsHere ? 2 * limits.queueConnectionsMax + limits.boardConnectionsMax : 0);
    const problems = await findUnsafeSettings(database, { role, connectionsMax });
    if (problems.length > 0) throw new ConfigError(problems);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
