import type { Connection } from './database.ts';
import { tellOfChanged } from './reminder-steps.ts';

/**
 * Notes, of reminders whose rows this transaction has locked, which attempts are proven to have gone
 * out beside another, and tells of each with an event. One that is known not to have arrived is none.
 *
 * The reminder itself is flagged since it was sent again, and its row is left alone: updated twice in
 * one transaction it would lock its appointment after itself.
 */
export async function markProvenCopies(
  connection: Connection,
  reminderIds: readonly string[],
): Promise<void> {
  if (reminderIds.length === 0) return;
  await connection.query({
    name: 'mark proven copies',
    text: `with proven as (
        select id, row_number() over (partition by reminder_id order by number) as place
        from attempts where reminder_id = any($1::uuid[]) and outcome = 'accepted'
          and receipt_state is distinct from 'undelivered'
      ), marked as (
        update attempts t set proven_copy_at = clock_timestamp() from proven p
        where t.id = p.id and p.place > 1 and t.proven_copy_at is null
        returning t.reminder_id
      ), changed as (
        select r.*, r.state as from_state, 'proven_duplicate' as event_reason
        from marked m join reminders r on r.id = m.reminder_id
      )
      ${tellOfChanged}`,
    values: [reminderIds],
  });
}
