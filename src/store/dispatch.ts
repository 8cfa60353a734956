import type { Channel, Mode } from '../domain/channel.ts';
import type { Connection, Database } from './database.ts';
import { tellOfChanged } from './reminder-steps.ts';

/** A reminder of a batch that is still to be sent, with the link its next attempt would use. */
export interface QueuedReminder {
  readonly reminderId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly appointmentId: string;
  readonly channel: Channel;
  readonly untilNotAfterMs: number;
  readonly leaseLeftMs: number;
  /** Absent when the reminder has no link on its channel, or one without a parcel. */
  readonly link: SealedParcelLink | undefined;
  /** Without one: another channel whose link nobody has tried. */
  readonly otherChannel: Channel | undefined;
}

export interface SealedParcelLink {
  readonly id: string;
  readonly lookup: Buffer;
  readonly parcel: Buffer;
  readonly parcelDay: string;
  /** Fixed by the first attempt. */
  readonly selector: string | null;
}

/** The reminders of a batch that nobody has begun to send. */
export async function loadQueuedBatch(
  database: Pick<Database, 'query'>,
  batchId: string,
): Promise<QueuedReminder[]> {
  const rows = await database.query(
    `select r.id, r.organisation_id, r.mode, r.appointment_id, r.channel,
       extract(epoch from r.not_after - clock_timestamp())::float8 * 1000 as until_not_after_ms,
       extract(epoch from r.lease_until - clock_timestamp())::float8 * 1000 as lease_left_ms,
       l.id as link_id, l.lookup, l.parcel, l.parcel_day::text as parcel_day, l.selector,
       case when l.parcel is null then (select o.channel from links o
         where o.reminder_id = r.id and o.channel <> r.channel and o.current
           and o.revoked_at is null and o.attempted_at is null and o.parcel is not null
         limit 1) end as other_channel
     from reminders r
     left join links l on l.reminder_id = r.id and l.channel = r.channel and l.current
       and l.revoked_at is null
     where r.batch_id = $1 and r.phase = 'in_hand' and r.state = 'queued' and r.lease_until > clock_timestamp()
     order by r.not_after, r.id`,
    [batchId],
    'load queued batch',
  );
  return rows.map((row) => ({
    reminderId: row.id,
    organisationId: row.organisation_id,
    mode: row.mode,
    appointmentId: row.appointment_id,
    channel: row.channel,
    untilNotAfterMs: row.until_not_after_ms,
    leaseLeftMs: row.lease_left_ms,
    link: row.parcel
      ? {
          id: row.link_id,
          lookup: row.lookup,
          parcel: row.parcel,
          parcelDay: row.parcel_day,
          selector: row.selector,
        }
      : undefined,
    otherChannel: row.other_channel ?? undefined,
  }));
}

/** An attempt that is about to be made, and the link that was opened for it. */
export interface IntendedAttempt {
  readonly attemptId: string;
  readonly token: Buffer;
  readonly reminderId: string;
  readonly linkId: string;
  readonly lookup: Buffer;
  readonly selector: string;
}

/**
 * Writes, before a byte leaves, which attempts are about to be made.
 *
 * Only reminders that are still this batch's, not ended, not paused, and whose link is still the
 * one that was opened pass, and only from a database that is known not to be behind. Their rows are locked first and everything else is read afterwards:
 * one statement for both would judge links as they were before it waited for the lock.
 *
 * @returns the reminders that may be sent now; the caller commits before it sends
 */
export async function writeIntents(
  connection: Connection,
  {
    batchId,
    transport,
    attempts,
  }: {
    batchId: string;
    transport: string;
    attempts: readonly IntendedAttempt[];
  },
): Promise<Set<string>> {
  const locked = await connection.query<{ id: string }>({
    name: 'lock intended reminders',
    text: `select id from reminders
      where id = any($1::uuid[]) and state = 'queued' and batch_id = $2 and pending_end is null
        and lease_until > clock_timestamp()
      order by id for no key update`,
    values: [attempts.map(({ reminderId }) => reminderId), batchId],
  });
  const held = new Set(locked.rows.map(({ id }) => id));
  const able = attempts.filter(({ reminderId }) => held.has(reminderId));
  if (able.length === 0) return new Set();

  const { rows } = await connection.query<{ reminder_id: string }>({
    name: 'write intents',
    text: `with given as (
        select * from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::uuid[], $6::bytea[])
          as g (reminder_id, link_id, lookup, selector, attempt_id, token)
      ), unpaused as (
        select g.* from given g
        join reminders r on r.id = g.reminder_id
        join appointments a on a.id = r.appointment_id
        where (select may_send()) and a.paused_at is null and a.state <> 'erased' and not exists (
          select from pauses p where p.ended_at is null
            and (p.organisation_id is null or p.organisation_id = r.organisation_id)
            and (p.channel is null or p.channel = r.channel))
      ), linked as (
        update links l set selector = u.selector,
          attempted_at = coalesce(l.attempted_at, clock_timestamp())
        from unpaused u
        where l.id = u.link_id and l.reminder_id = u.reminder_id and l.lookup = u.lookup
          and l.current and l.revoked_at is null and coalesce(l.selector, u.selector) = u.selector
        returning u.*
      ), changed as (
        update reminders r set state = 'sending', attempt_count = r.attempt_count + 1,
          updated_at = clock_timestamp()
        from linked k where r.id = k.reminder_id and r.id = any($1::uuid[])
        returning r.*, 'queued' as from_state, null as event_reason, k.attempt_id, k.link_id, k.token
      ), tried as (
        insert into attempts (id, organisation_id, mode, reminder_id, link_id, number, channel,
          transport, token, batch_id, possible_duplicate)
        select attempt_id, organisation_id, mode, id, link_id, attempt_count, channel, $7, token,
          batch_id, possible_duplicate
        from changed
      ), told as (${tellOfChanged})
      select id as reminder_id from changed`,
    values: [
      able.map(({ reminderId }) => reminderId),
      able.map(({ linkId }) => linkId),
      able.map(({ lookup }) => lookup),
      able.map(({ selector }) => selector),
      able.map(({ attemptId }) => attemptId),
      able.map(({ token }) => token),
      transport,
    ],
  });
  return new Set(rows.map(({ reminder_id }) => reminder_id));
}

/** What a queued reminder that is not sent becomes. */
export interface QueuedEnd {
  readonly reminderId: string;
  readonly to: 'scheduled' | 'failed' | 'expired' | 'suppressed';
  readonly reason?: string | undefined;
  readonly dueInMs?: number | undefined;
  /** What it goes on from here. */
  readonly channel?: Channel | undefined;
}

/** Locks those of the given reminders that are still this batch's and that nobody began to send. */
export async function lockQueued(
  connection: Connection,
  { batchId, reminderIds }: { batchId: string; reminderIds: readonly string[] },
): Promise<{ id: string; pending_end: 'cancelled' | 'superseded' | 'erased' | null }[]> {
  const { rows } = await connection.query({
    name: 'lock queued reminders',
    text: `select id, pending_end from reminders
      where id = any($1::uuid[]) and batch_id = $2 and state = 'queued'
      order by id for no key update`,
    values: [reminderIds, batchId],
  });
  return rows;
}
