import { insertAudit } from '../store/audit.ts';
import { markOpsUserDisabled } from '../store/ops-users.ts';
import type { OpsUserChangeDeps } from './create-ops-user.ts';
import { tryJournal } from './try-journal.ts';

/**
 * Signs a user of the ops pages out and lets them in no more. What they did stays in the audit.
 *
 * @returns false when there is no user of this name; else whether the journal has it, so that a restored
 *   backup does not let them in again
 */
export async function disableOpsUser(
  { transaction, journal }: OpsUserChangeDeps,
  { name, actor }: { name: string; actor: string },
): Promise<false | { isJournaled: boolean }> {
  return transaction(async (connection) => {
    const userId = await markOpsUserDisabled(connection, { name });
    if (userId === undefined) return false;
    const journaled = await tryJournal(journal, { kind: 'ops_user_disabled', userId });
    await insertAudit(connection, { actor, action: 'ops_user.disable', subject: userId });
    return journaled;
  });
}
