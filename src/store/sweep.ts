import type { Connection } from './database.ts';
import { clearSettledParcels, tellOfChanged } from './reminder-steps.ts';

/** Each of these changes at most so many rows; the next call goes on. */
const rowsMax = 500;

/** Gives back reminders that were queued and that nobody sent while the lease lasted. */
export async function releaseLateQueued(connection: Connection): Promise<number> {
  return count(
    connection,
    'release late queued',
    `with late as materialized (
        select id from reminders where phase = 'in_hand' and state = 'queued' and lease_until <= now()
        order by lease_until limit ${rowsMax} for no key update skip locked
      ), changed as (
        update reminders r set state = coalesce(r.pending_end, 'scheduled'), batch_id = null,
          lease_until = null, reason_code = 'lease_passed', updated_at = clock_timestamp()
        where r.id = any(array(select id from late))
        returning r.*, 'queued' as from_state, 'lease_passed' as event_reason
      ), cleared as (${clearSettledParcels}), told as (${tellOfChanged})
      select count(*)::int as count from changed`,
  );
}

/**
 * Marks sends whose outcome nobody reported while the lease lasted. Whether the provider has them
 * is not known, so they are looked for before anything is sent again; a late report still counts. An
 * end that was asked for in the meantime takes place, flagged.
 */
export async function markLateSending(connection: Connection): Promise<number> {
  return count(
    connection,
    'mark late sending',
    `with late as materialized (
        select id from reminders where phase = 'in_hand' and state = 'sending' and lease_until <= now()
        order by lease_until limit ${rowsMax} for no key update skip locked
      ), tried as (
        update attempts t set outcome = 'uncertain', reason_code = 'process_died',
          ended_at = clock_timestamp()
        where t.reminder_id = any(array(select id from late)) and t.outcome is null
      ), changed as (
        update reminders r set state = coalesce(r.pending_end, 'uncertain'),
          possibly_sent = r.possibly_sent or r.pending_end is not null,
          batch_id = null, lease_until = null, reason_code = 'process_died',
          updated_at = clock_timestamp()
        where r.id = any(array(select id from late))
        returning r.*, 'sending' as from_state, 'process_died' as event_reason
      ), cleared as (${clearSettledParcels}), told as (${tellOfChanged})
      select count(*)::int as count from changed`,
  );
}

/**
 * Ends what is of no use any more by the database's clock and by another. What may have gone out is
 * flagged.
 */
export async function expireReminders(
  connection: Connection,
  { now }: { now: Temporal.Instant },
): Promise<number> {
  return count(
    connection,
    'expire reminders',
    `with past as materialized (
        select id, state from reminders
        where phase in ('scheduled', 'failed', 'uncertain') and not_after <= least(now(), $1)
        order by not_after limit ${rowsMax} for no key update skip locked
      ), changed as (
        update reminders r set state = 'expired',
          possibly_sent = r.possibly_sent or p.state = 'uncertain', updated_at = clock_timestamp()
        from past p where r.id = p.id and r.id = any(array(select id from past))
        returning r.*, p.state as from_state, r.reason_code as event_reason
      ), cleared as (${clearSettledParcels}), told as (${tellOfChanged})
      select count(*)::int as count from changed`,
    [now.toString()],
  );
}

async function count(
  connection: Connection,
  name: string,
  text: string,
  values: readonly string[] = [],
): Promise<number> {
  const { rows } = await connection.query<{ count: number }>({ name, text, values: [...values] });
  return rows[0]?.count ?? 0;
}
