import type { OpsRole } from '../domain/ops-role.ts';
import type { Connection, Database } from './database.ts';

/** Whose session it is. */
export interface OpsSessionUser {
  readonly id: string;
  readonly name: string;
  readonly role: OpsRole;
}

/**
 * The user of a session that still runs.
 *
 * Nothing is remembered between requests: a user who is disabled is out with the next one. When it was
 * last used is written at most once a minute.
 */
export async function findOpsSession(
  database: Pick<Database, 'query'>,
  { tokenHash, idleMs, totalMs }: { tokenHash: Buffer; idleMs: number; totalMs: number },
): Promise<OpsSessionUser | undefined> {
  const [row] = await database.query<OpsSessionUser & { stale: boolean }>(
    `select u.id, u.name, u.role, s.last_seen_at < clock_timestamp() - interval '1 minute' as stale
     from ops_sessions s join ops_users u on u.id = s.user_id
     where s.token_hash = $1 and u.disabled_at is null
       and s.last_seen_at > clock_timestamp() - $2::float8 * interval '1 millisecond'
       and s.created_at > clock_timestamp() - $3::float8 * interval '1 millisecond'`,
    [tokenHash, idleMs, totalMs],
  );
  if (!row) return undefined;
  if (row.stale) {
    await database.query(
      'update ops_sessions set last_seen_at = clock_timestamp() where token_hash = $1',
      [tokenHash],
    );
  }
  return { id: row.id, name: row.name, role: row.role };
}

/**
 * Begins a session, and clears away those that ended long ago.
 *
 * @param session.passwordHash what was checked. Whoever replaces it waits for us, and ends our session
 *   too; or was first, and there is none.
 * @returns false when the user has another password by now, or is disabled
 */
export async function insertOpsSession(
  connection: Connection,
  session: { tokenHash: Buffer; userId: string; passwordHash: string; totalMs: number },
): Promise<boolean> {
  const { tokenHash, userId, passwordHash, totalMs } = session;
  await connection.query(
    `delete from ops_sessions
     where created_at < clock_timestamp() - $1::float8 * interval '1 millisecond'`,
    [totalMs],
  );
  const { rowCount } = await connection.query(
    `insert into ops_sessions (token_hash, user_id)
     select $1, u.id from ops_users u
     where u.id = $2 and u.password_hash = $3 and u.disabled_at is null for share`,
    [tokenHash, userId, passwordHash],
  );
  return rowCount === 1;
}

export async function deleteOpsSession(
  database: Pick<Database, 'query'>,
  tokenHash: Buffer,
): Promise<void> {
  await database.query('delete from ops_sessions where token_hash = $1', [tokenHash]);
}
