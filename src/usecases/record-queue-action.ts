import { insertAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';

/** Writes to the audit trail what somebody is about to do to jobs of the queue: all of it, or nothing. */
export async function recordQueueAction(
  { database }: { database: Pick<Database, 'transaction'> },
  { actor, action, jobIds }: { actor: string; action: string; jobIds: readonly string[] },
): Promise<void> {
  await database.transaction([], async (connection) => {
    for (const subject of jobIds) {
      await insertAudit(connection, { actor, action, subject, reason: 'queue board' });
    }
  });
}
