import { randomUUID } from 'node:crypto';
import type { OpsRole } from '../domain/ops-role.ts';
import type { Secret } from '../domain/secret.ts';
import { hashPassword } from '../keys/password.ts';
import { insertAudit } from '../store/audit.ts';
import type { AnyConnection } from '../store/database.ts';
import { insertOpsUser, replaceOpsPassword } from '../store/ops-users.ts';

/** Runs in one transaction of an administrator. */
export interface OpsUserDeps {
  transaction<T>(work: (connection: AnyConnection) => Promise<T>): Promise<T>;
}

/**
 * Lets somebody sign in to the ops pages. Stored is a hash of the password.
 *
 * @param input.name as `isOpsUserName` allows
 * @returns false when there is a user of this name, disabled or not
 */
export async function createOpsUser(
  { transaction }: OpsUserDeps,
  input: { name: string; role: OpsRole; password: Secret<string>; actor: string },
): Promise<boolean> {
  const { name, role, actor } = input;
  const passwordHash = await hashPassword(input.password);
  return transaction(async (connection) => {
    const id = randomUUID();
    if (!(await insertOpsUser(connection, { id, name, role, passwordHash }))) return false;
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
 * @returns false when there is no user of this name
 */
export async function changeOpsPassword(
  { transaction }: OpsUserDeps,
  input: { name: string; password: Secret<string>; actor: string },
): Promise<boolean> {
  const passwordHash = await hashPassword(input.password);
  return transaction(async (connection) => {
    const id = await replaceOpsPassword(connection, { name: input.name, passwordHash });
    if (id === undefined) return false;
    await insertAudit(connection, { actor: input.actor, action: 'ops_user.password', subject: id });
    return true;
  });
}
