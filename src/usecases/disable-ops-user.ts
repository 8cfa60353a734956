import { insertAudit } from '../store/audit.ts';
import { markOpsUserDisabled } from '../store/ops-users.ts';
import type { OpsUserDeps } from './create-ops-user.ts';

/**
 * Signs a user of the ops pages out and lets them in no more. What they did stays in the audit.
 *
 * @returns false when there is no user of this name
 */
export async function disableOpsUser(
  { transaction }: OpsUserDeps,
  { name, actor }: { name: string; actor: string },
): Promise<boolean> {
  return transaction(async (connection) => {
    const id = await markOpsUserDisabled(connection, { name });
    if (id === undefined) return false;
    await insertAudit(connection, { actor, action: 'ops_user.disable', subject: id });
    return true;
  });
}
