import { randomUUID } from 'node:crypto';
import type { OpsRole } from '../domain/ops-role.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { hashPassword } from '../keys/password.ts';
import { insertAudit } from '../store/audit.ts';
import type { AnyConnection } from '../store/database.ts';
import {
  insertOpsUser,
  lockOpsUser,
  type OpsLogin,
  replaceOpsLogin,
  replaceOpsPassword,
  replaceOpsRole,
} from '../store/ops-users.ts';
import { beginChange } from './begin-change.ts';
import { tryJournal } from './try-journal.ts';

/** A change that a restored backup must not undo, and whether the journal has it. */
type Journaled = { isJournaled: boolean };
export interface OpsUserChangeDeps extends OpsUserDeps {
  readonly journal: Pick<Journal, 'append'>;
}

/** Runs in one transaction of an administrator. */
export interface OpsUserDeps {
  transaction<T>(work: (connection: AnyConnection) => Promise<T>): Promise<T>;
}

/**
 * Lets somebody sign in to the ops pages, with a password, of which a hash is stored, or as whom a provider
 * of logins names so.
 *
 * @param input.name as `isOpsUserName` allows
 * @returns false when there is a user of this name, or who is that for the provider, disabled or not
 */
export async function createOpsUser(
  { transaction }: OpsUserDeps,
  input: {
    name: string;
    role: OpsRole;
    password?: Secret<string> | undefined;
    login?: OpsLogin | undefined;
    actor: string;
  },
): Promise<boolean> {
  const { name, role, login, actor } = input;
  const passwordHash = input.password && (await hashPassword(input.password));
  return transaction(async (connection) => {
    const id = randomUUID();
    if (!(await insertOpsUser(connection, { id, name, role, passwordHash, login }))) return false;
    await insertAudit(connection, {
      actor,
      action: 'ops_user.create',
      subject: `${id} role=${role}`,
    });
    return true;
  });
}

/**
 * Gives somebody another password, signs them out, and lets them in again where they were disabled.
 *
 * @returns false when there is no user of this name; else whether the journal has it, so that a restored
 *   backup does not let them, or whoever knew it, in by the old one
 */
export async function changeOpsPassword(
  { transaction, journal }: OpsUserChangeDeps,
  input: { name: string; password: Secret<string>; actor: string },
): Promise<false | Journaled> {
  const passwordHash = await hashPassword(input.password);
  return transaction(async (connection) => {
    const userId = await replaceOpsPassword(connection, { name: input.name, passwordHash });
    if (userId === undefined) return false;
    const entry = { kind: 'ops_user_sign_in', userId, signIn: 'password' } as const;
    const journaled = await tryJournal(journal, entry);
    const { actor } = input;
    await insertAudit(connection, { actor, action: 'ops_user.password', subject: userId });
    return journaled;
  });
}

/**
 * Lets somebody sign in as whom a provider names so, or no more through any, and signs them out.
 *
 * @returns false when there is no user of this name; else whether the journal has it
 * @throws {AppError} `busy` when another user is that
 */
export async function changeOpsLogin(
  { transaction, journal }: OpsUserChangeDeps,
  { name, login, actor }: { name: string; login: OpsLogin | undefined; actor: string },
): Promise<false | Journaled> {
  return transaction(async (connection) => {
    const userId = await replaceOpsLogin(connection, { name, login });
    if (userId === undefined) return false;
    const entry = { kind: 'ops_user_sign_in', userId, signIn: 'login' } as const;
    const journaled = await tryJournal(journal, entry);
    const action = login ? 'ops_user.link' : 'ops_user.unlink';
    await insertAudit(connection, { actor, action, subject: userId });
    return journaled;
  });
}

/**
 * Gives somebody another role, which holds from their next request on. The last admin stays one.
 *
 * @returns false when there is no user of this name; else whether the journal has it, so that a restored
 *   backup gives back no higher one
 */
export async function changeOpsRole(
  { transaction, journal }: OpsUserChangeDeps,
  { name, role, actor }: { name: string; role: OpsRole; actor: string },
): Promise<false | 'last_admin' | Journaled> {
  const change = beginChange(journal);
  const outcome = await transaction(async (connection) => {
    const user = await lockOpsUser(connection, { name });
    if (!user) return false;
    const { id: userId, isLastAdmin } = user;
    if (isLastAdmin && role !== 'admin') return 'last_admin';
    await replaceOpsRole(connection, { id: userId, role });
    await change.tryAppend({ kind: 'ops_user_role', userId, role });
    const subject = `${userId} role=${role}`;
    await insertAudit(connection, { actor, action: 'ops_user.role', subject });
    return true;
  });
  return outcome === true ? change.done() : outcome;
}
