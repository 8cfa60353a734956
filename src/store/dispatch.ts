import type { Channel, Mode } from '../domain/channel.ts';
import { type Connection, type Database, idsParameter, sqlState } from './database.ts';

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
     where r.batch_id = $1 and r.state = 'queued' and r.lease_until > clock_timestamp()
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

/** What a batch is about to send at once, and how. */
export interface IntendedSlice {
  readonly batchId: string;
  readonly transport: string;
  readonly attempts: readonly IntendedAttempt[];
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

/** What SQL answers where one of the given reminders must not be sent. */
const heldBack = 'ST001';

/**
 * Writes, before a byte leaves, which attempts are about to be made: those of reminders that are still
 * this batch's, not ended, not paused, and whose link is still the one that was opened. In one round
 * trip (see `write_intents` in the schema).
 *
 * It writes all that are given or none. Nearly always that is all; where one must not be sent, each half
 * is tried for itself.
 *
 * @returns the reminders that may be sent now, which is committed
 */
export async function writeIntents(
  database: Pick<Database, 'query'>,
  { batchId, transport, attempts }: IntendedSlice,
): Promise<Set<string>> {
  // Everyone locks reminders in the order of their ids.
  const inOrder = attempts.toSorted((one, other) => (one.reminderId < other.reminderId ? -1 : 1));
  try {
    await database.query(
      'select write_intents($1, $2, $3, $4, $5, $6, $7, $8)',
      [
        batchId,
        transport,
        idsParameter(inOrder.map(({ reminderId }) => reminderId)),
        idsParameter(inOrder.map(({ linkId }) => linkId)),
        inOrder.map(({ lookup }) => lookup),
        inOrder.map(({ selector }) => selector),
        idsParameter(inOrder.map(({ attemptId }) => attemptId)),
        inOrder.map(({ token }) => token),
      ],
      'write intents',
    );
    return new Set(inOrder.map(({ reminderId }) => reminderId));
  } catch (error) {
    if (sqlState(error) !== heldBack) throw error;
  }
  if (inOrder.length === 1) return new Set();
  const half = Math.ceil(inOrder.length / 2);
  const first = await writeIntents(database, {
    ...{ batchId, transport },
    attempts: inOrder.slice(0, half),
  });
  const second = await writeIntents(database, {
    ...{ batchId, transport },
    attempts: inOrder.slice(half),
  });
  return first.union(second);
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
