import assert from 'node:assert/strict';
import { type ReminderStep, settledStates } from '../domain/attempt.ts';
import { canTransition, type ReminderState } from '../domain/reminder.ts';
import type { Connection } from './database.ts';

/** One reminder, locked by this transaction, and where it goes. */
export interface LockedStep extends ReminderStep {
  readonly reminderId: string;
  readonly from: ReminderState;
}

/** What `tellOfChanged` reads of the row `r` itself: where many are changed at once, no more is copied. */
export const toldColumns = `r.id, r.organisation_id, r.mode, r.appointment_id, r.reference, r.state,
  r.channel, r.possible_duplicate, r.possibly_sent`;

/**
 * The end of every statement that changes reminders: one event a row, in the same statement.
 *
 * It reads `changed`, which must return the columns named here.
 */
export const tellOfChanged = `insert into events (organisation_id, mode, type, reference, appointment_id,
    reminder_id, from_state, to_state, reason_code, possible_duplicate, possibly_sent, channel)
  select c.organisation_id, c.mode, 'reminder.' || c.state,
    -- Reminders from before they had it: their appointment, which lies on a page of its own, is read.
    coalesce(c.reference, (select a.reference from appointments a where a.id = c.appointment_id)),
    c.appointment_id, c.id, c.from_state, c.state, c.event_reason, c.possible_duplicate, c.possibly_sent,
    c.channel
  from changed c`;

/**
 * Empties what was sealed for sending, for the `changed` rows whose state is settled. One that goes
 * on by another channel is not: it keeps what it goes on with.
 */
export const clearSettledParcels = `update links l set parcel = null, parcel_day = null from changed c
  where l.appointment_id = c.appointment_id and l.reminder_id = c.id and l.parcel_day is not null
    and c.state in (${settledStates.map((state) => `'${state}'`).join(', ')})`;

/**
 * Writes steps of reminders whose rows this transaction has locked, with their events, and empties
 * the parcels of those that are settled. Parcels are named only where some are: operators send again,
 * and may not touch them.
 *
 * Each row is updated once. Updated again in one transaction it would have its foreign keys checked,
 * which locks its appointment after itself: the wrong way round, and a deadlock with whoever puts it.
 *
 * @param options.newSeries attempts from here on are counted anew
 * @throws {AssertionError} for a step that the table of transitions does not hold
 */
export async function writeReminderSteps(
  connection: Connection,
  steps: readonly LockedStep[],
  { newSeries = false }: { newSeries?: boolean } = {},
): Promise<void> {
  if (steps.length === 0) return;
  for (const { from, to, channel } of steps) {
    assert(from === to || canTransition(from, to), `no step from ${from} to ${to}`);
    assert(
      channel === undefined || to === 'scheduled',
      'only what is yet to be sent has a way to go',
    );
  }
  const settles = steps.some(({ to }) => settledStates.includes(to));
  await connection.query({
    name: `write reminder steps${settles ? ' that settle' : ''}${newSeries ? ' of a new series' : ''}`,
    text: `with step as (
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::float8[],
            $6::boolean[], $7::text[], $8::boolean[])
          as s (reminder_id, from_state, to_state, reason, due_in_ms, possibly_sent, channel,
            possible_duplicate)
      ), changed as (
        update reminders r set
          state = s.to_state,
          reason_code = case when s.from_state = s.to_state then r.reason_code else s.reason end,
          due_at = case when s.due_in_ms is null then r.due_at
            else clock_timestamp() + s.due_in_ms * interval '1 millisecond' end,
          batch_id = case when s.to_state in ('queued', 'sending') then r.batch_id end,
          lease_until = case when s.to_state in ('queued', 'sending') then r.lease_until end,
          sent_at = case when s.to_state in ('sent', 'delivered', 'undelivered')
            then coalesce(r.sent_at, clock_timestamp()) else r.sent_at end,
          delivered_at = case when s.to_state = 'delivered'
            then coalesce(r.delivered_at, clock_timestamp()) else r.delivered_at end,
          -- Proof ends the doubt that an earlier step left.
          possibly_sent = s.possibly_sent or (r.possibly_sent
            and s.to_state not in ('sent', 'delivered', 'undelivered')),
          channel = coalesce(s.channel, r.channel),
          possible_duplicate = r.possible_duplicate or s.possible_duplicate,
          ${newSeries ? 'attempts_before_redrive = r.attempt_count,' : ''}
          updated_at = clock_timestamp()
        from step s where r.id = s.reminder_id and r.id = any($1::uuid[])
        returning r.*, s.from_state, s.reason as event_reason
      )${settles ? `, cleared as (${clearSettledParcels})` : ''}
      ${tellOfChanged}`,
    values: [
      steps.map(({ reminderId }) => reminderId),
      steps.map(({ from }) => from),
      steps.map(({ to }) => to),
      steps.map(({ reason }) => reason ?? null),
      steps.map(({ dueInMs }) => dueInMs ?? null),
      steps.map(({ possiblySent }) => possiblySent ?? false),
      steps.map(({ channel }) => channel ?? null),
      steps.map(({ possibleDuplicate }) => possibleDuplicate ?? false),
    ],
  });
}
