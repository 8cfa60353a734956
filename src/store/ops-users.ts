import type { OpsRole } from '../domain/ops-role.ts';
import type { AnyConnection } from './database.ts';

/** Somebody who may sign in to the ops pages. */
export interface OpsUser {
  readonly id: string;
  readonly name: string;
  readonly role: OpsRole;
  readonly createdAt: Date;
  /** Null: may sign in. */
  readonly disabledAt: Date | null;
}

const columns = 'id, name, role, created_at as "createdAt", disabled_at as "disabledAt"' as const;

/** @returns false when there is a user of this name, disabled or not */
export async function insertOpsUser(
  connection: AnyConnection,
  user: { id: string; name: string; role: OpsRole; passwordHash: string },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into ops_users (id, name, role, password_hash) values ($1, $2, $3, $4)
     on conflict (name) do nothing`,
    [user.id, user.name, user.role, user.passwordHash],
  );
  return rowCount === 1;
}

/**
 * Gives a user another password, lets them sign in with it, and ends their sessions.
 *
 * @returns the user's id, or undefined when there is none of this name
 */
export async function replaceOpsPassword(
  connection: AnyConnection,
  { name, passwordHash }: { name: string; passwordHash: string },
): Promise<string | undefined> {
  const { rows } = await connection.query<{ id: string }>(
    'update ops_users set password_hash = $2, disabled_at = null where name = $1 returning id',
    [name, passwordHash],
  );
  return endSessions(connection, rows[0]?.id);
}

/**
 * Ends a user's sessions and lets them open no other.
 *
 * @returns the user's id, or undefined when there is none of this name
 */
export async function markOpsUserDisabled(
  connection: AnyConnection,
  { name }: { name: string },
): Promise<string | undefined> {
  const { rows } = await connection.query<{ id: string }>(
    `update ops_users set disabled_at = coalesce(disabled_at, clock_timestamp()) where name = $1
     returning id`,
    [name],
  );
  return endSessions(connection, rows[0]?.id);
}

/** By a statement of its own: one for both would not see a session that its lock waited for. */
async function endSessions(
  connection: AnyConnection,
  userId: string | undefined,
): Promise<string | undefined> {
  if (userId) await connection.query('delete from ops_sessions where user_id = $1', [userId]);
  return userId;
}

export async function listOpsUsers(connection: AnyConnection): Promise<OpsUser[]> {
  const { rows } = await connection.query<OpsUser>(
    `select ${columns} from ops_users order by name`,
  );
  return rows;
}

/** For signing in: the user and what the password is checked against. */
export async function findOpsUser(
  connection: AnyConnection,
  { name }: { name: string },
): Promise<(OpsUser & { readonly passwordHash: string }) | undefined> {
  const { rows } = await connection.query<OpsUser & { passwordHash: string }>(
    `select ${columns}, password_hash as "passwordHash" from ops_users where name = $1`,
    [name],
  );
  return rows[0];
}
