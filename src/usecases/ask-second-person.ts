import { type BulkAction, personOf } from '../domain/second-person.ts';
import { insertAudit } from '../store/audit.ts';
import type { AnyConnection } from '../store/database.ts';
import { insertOpsRequest } from '../store/ops-requests.ts';
import type { Actor } from './redrive-dead-letters.ts';

/**
 * Asks for somebody else's approval, in the transaction in which it was found to be needed, with a line in
 * the audit. Asked for twice, it is one request.
 *
 * @param input.details what to do once it is approved: ids and codes
 * @returns the request's id
 */
export async function askSecondPerson(
  connection: AnyConnection,
  {
    action,
    details,
    shown,
    actor,
    reason,
  }: { action: BulkAction; details: Record<string, string>; shown: number } & Actor,
): Promise<string> {
  const asked = { action, details, shown, askedBy: actor, askedPerson: personOf(actor), reason };
  const { id, isNew } = await insertOpsRequest(connection, asked);
  if (isNew) {
    const subject = `${id} ${action} count=${shown}`;
    await insertAudit(connection, { actor, action: 'request.ask', subject, reason });
  }
  return id;
}
