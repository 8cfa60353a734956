import { userInfo } from 'node:os';
import pg from 'pg';
import { limits } from '../../config/limits.ts';
import { byCommand } from '../domain/second-person.ts';
import type { Secret } from '../domain/secret.ts';
import { type AuditEntry, insertAudit } from './audit.ts';

/** A connection on which an administrator acts. */
export type AdminConnection = pg.Client;

/** The actor of what was done from the command line: whoever typed it, as this machine knows them. */
export const administrator = `${byCommand}${systemUser()}`;

/** A container's user may have no name. */
function systemUser(): string {
  try {
    const { username } = userInfo();
    if (/^[\w.@-]{1,64}$/.test(username)) return username;
  } catch {
    // It has a number.
  }
  return `uid ${process.getuid?.() ?? 'unknown'}`;
}

/**
 * Runs `work` in a transaction as the owner of the tables, whom row-level security lets administer
 * organisations, credentials and users and see nothing of appointments.
 *
 * @param adminUrl a user that is a member of `sotto_owner`, as whoever ran the migrations is
 */
export async function administer<T>(
  adminUrl: Secret<string>,
  work: (connection: AdminConnection) => Promise<T>,
): Promise<T> {
  const connection = new pg.Client({
    connectionString: adminUrl.reveal(),
    application_name: 'sotto administration',
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: 15_000,
    // For statements that may take as long as they take: a lock is none of it.
    lock_timeout: 15_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // The statement under way fails of itself; without a listener the process would end.
  connection.on('error', () => {});
  await connection.connect();
  try {
    await connection.query('begin; set local role sotto_owner');
    const result = await work(connection);
    await connection.query('commit');
    return result;
  } finally {
    // Ends an open transaction too.
    await connection.end();
  }
}

/** Writes what an administrator did where it cannot be changed any more. */
export async function recordAdministration(
  connection: AdminConnection,
  entry: Omit<AuditEntry, 'actor'>,
): Promise<void> {
  await insertAudit(connection, { actor: administrator, ...entry });
}
