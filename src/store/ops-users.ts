import { AppError } from '../domain/errors.ts';
import type { OpsRole } from '../domain/ops-role.ts';
import type { Secret } from '../domain/secret.ts';
import { type AnyConnection, sqlState } from './database.ts';

/** Somebody who may sign in to the ops pages. */
export interface OpsUser {
  readonly id: string;
  readonly name: string;
  readonly role: OpsRole;
  readonly createdAt: Date;
  /** Null: may sign in. */
  readonly disabledAt: Date | null;
  /** Whether they sign in with a password, through the provider of logins, or either. */
  readonly hasPassword: boolean;
  readonly hasLogin: boolean;
}

/** What a provider of logins calls somebody. */
export interface OpsLogin {
  readonly issuer: string;
  readonly subject: Secret<string>;
}

const columns = `id, name, role, created_at as "createdAt", disabled_at as "disabledAt",
  password_hash is not null as "hasPassword", subject is not null as "hasLogin"` as const;

/** @returns false when there is a user of this name, disabled or not */
export async function insertOpsUser(
  connection: AnyConnection,
  user: {
    id: string;
    name: string;
    role: OpsRole;
    passwordHash?: string | undefined;
    login?: OpsLogin | undefined;
  },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into ops_users (id, name, role, password_hash, issuer, subject)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [
      ...[user.id, user.name, user.role, user.passwordHash ?? null],
      ...[user.login?.issuer ?? null, user.login?.subject.reveal() ?? null],
    ],
  );
  return rowCount === 1;
}

/**
 * Lets a user sign in as whom a provider names so, or no more as anybody of one, and ends their sessions.
 *
 * @returns the user's id, or undefined when there is none of this name
 * @throws {AppError} `busy` when somebody else is that
 */
export async function replaceOpsLogin(
  connection: AnyConnection,
  { name, login }: { name: string; login: OpsLogin | undefined },
): Promise<string | undefined> {
  const { rows } = await connection
    .query<{ id: string }>(
      'update ops_users set issuer = $2, subject = $3 where name = $1 returning id',
      [name, login?.issuer ?? null, login?.subject.reveal() ?? null],
    )
    .catch((error: unknown) => {
      if (sqlState(error) === '23505') throw new AppError('busy', { cause: error });
      throw error;
    });
  return endSessions(connection, rows[0]?.id);
}

/**
 * Keeps a user, and everybody who may manage users, from being changed by anybody else.
 *
 * @returns the user's id, and whether nobody else may manage users; undefined when there is none of this name
 */
export async function lockOpsUser(
  connection: AnyConnection,
  { name }: { name: string },
): Promise<{ id: string; isLastAdmin: boolean } | undefined> {
  const { rows } = await connection.query<{ id: string; name: string; isAdmin: boolean }>(
    `select id, name, role = 'admin' and disabled_at is null as "isAdmin" from ops_users
     where name = $1 or (role = 'admin' and disabled_at is null) order by id for no key update`,
    [name],
  );
  const user = rows.find((row) => row.name === name);
  const admins = rows.filter(({ isAdmin }) => isAdmin);
  return user && { id: user.id, isLastAdmin: user.isAdmin && admins.length === 1 };
}

/** Gives a user another role, which holds from their next request on. */
export async function replaceOpsRole(
  connection: AnyConnection,
  { id, role }: { id: string; role: OpsRole },
): Promise<void> {
  await connection.query('update ops_users set role = $2 where id = $1', [id, role]);
}

/** For signing in through a provider. */
export async function findOpsUserByLogin(
  connection: AnyConnection,
  { issuer, subject }: OpsLogin,
): Promise<OpsUser | undefined> {
  const { rows } = await connection.query<OpsUser>(
    `select ${columns} from ops_users where issuer = $1 and subject = $2`,
    [issuer, subject.reveal()],
  );
  return rows[0];
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
): Promise<(OpsUser & { readonly passwordHash: string | null }) | undefined> {
  const { rows } = await connection.query<OpsUser & { passwordHash: string | null }>(
    `select ${columns}, password_hash as "passwordHash" from ops_users where name = $1`,
    [name],
  );
  return rows[0];
}
