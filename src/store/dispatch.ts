import type { Channel, Mode } from '../domain/channel.ts';
import { arrayParameter } from './array-parameter.ts';
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
       date_part('epoch', r.not_after - clock_timestamp()) * 1000 as until_not_after_ms,
       date_part('epoch', r.lease_until - clock_timestamp()) * 1000 as lease_left_ms,
       l.id as link_id, l.lookup, l.parcel, l.parcel_day::text as parcel_day, l.selector,
       case when l.parcel is null then (select o.channel from links o
         where o.reminder_id = r.id and o.channel <> r.channel and o.current
           and o.revoked_at is null and o.attempted_at is null and o.parcel is not null
         limit 1) end as other_channel
     from reminders r
     -- offset makes it a look-up for each: by figures of a quiet day all links were compared with each.
     left join lateral (select id, lookup, parcel, parcel_day, selector from links
       where reminder_id = r.id and channel = r.channel and current and revoked_at is null offset 0) l on true
     -- A batch and what is in it were given one lease, by which they are found.
     where r.phase = 'in_hand' and r.batch_id = $1
       and r.lease_until = (select lease_until from batches where id = $1)
       and r.state = 'queued' and r.lease_until > clock_timestamp()
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
 * It writes all that are given or none, and nearly always that is all. Where one must not be sent, all are
 * locked, and those that may be are asked for and written.
 *
 * @returns the reminders that may be sent now, which is committed
 */
export async function writeIntents(
  database: Pick<Database, 'query' | 'transaction'>,
  slice: IntendedSlice,
): Promise<Set<string>> {
  const { name, text, values } = intents(slice);
  try {
    await database.query(text, values, name);
    return idsOf(slice.attempts);
  } catch (error) {
    if (sqlState(error) !== heldBack) throw error;
  }
  return database.transaction([], async (connection) => {
    await lockQueued(connection, {
      batchId: slice.batchId,
      reminderIds: slice.attempts.map(({ reminderId }) => reminderId),
    });
    const sendable = await readSendable(connection, slice);
    const attempts = slice.attempts.filter(({ reminderId }) => sendable.has(reminderId));
    if (attempts.length > 0) await connection.query(intents({ ...slice, attempts }));
    return idsOf(attempts);
  });
}

const idsOf = (attempts: readonly IntendedAttempt[]) =>
  new Set(attempts.map(({ reminderId }) => reminderId));

function intents({ batchId, transport, attempts }: IntendedSlice) {
  return {
    name: 'write intents',
    text: 'select write_intents($1, $2, $3, $4, $5, $6, $7, $8)',
    values: [
      batchId,
      transport,
      idsParameter(attempts.map(({ reminderId }) => reminderId)),
      idsParameter(attempts.map(({ linkId }) => linkId)),
      arrayParameter(
        'bytea',
        attempts.map(({ lookup }) => lookup),
      ),
      arrayParameter(
        'text',
        attempts.map(({ selector }) => selector),
      ),
      idsParameter(attempts.map(({ attemptId }) => attemptId)),
      arrayParameter(
        'bytea',
        attempts.map(({ token }) => token),
      ),
    ],
  };
}

/**
 * Which of them an intent may be written for; `write_intents` asks for the same. Their rows are locked,
 * so that it stays so, but for a lease that ends.
 */
async function readSendable(
  connection: Connection,
  { batchId, attempts }: IntendedSlice,
): Promise<Set<string>> {
  const { rows } = await connection.query<{ id: string }>({
    name: 'read sendable',
    text: `select r.id from unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::text[])
        as g (reminder_id, link_id, lookup, selector)
      join reminders r on r.id = g.reminder_id
      join appointments a on a.id = r.appointment_id
      join links l on l.id = g.link_id
      where (select may_send())
        and r.state = 'queued' and r.batch_id = $1 and r.pending_end is null
        and r.lease_until > clock_timestamp()
        and a.paused_at is null and a.state <> 'erased' and not exists (
          select from pauses p where p.ended_at is null
            and (p.organisation_id is null or p.organisation_id = r.organisation_id)
            and (p.channel is null or p.channel = r.channel))
        and l.reminder_id = r.id and l.lookup = g.lookup and l.current and l.revoked_at is null
        and coalesce(l.selector, g.selector) = g.selector
        and not exists (select from revoked_selectors s where s.selector = g.selector)`,
    values: [
      batchId,
      idsParameter(attempts.map(({ reminderId }) => reminderId)),
      idsParameter(attempts.map(({ linkId }) => linkId)),
      attempts.map(({ lookup }) => lookup),
      attempts.map(({ selector }) => selector),
    ],
  });
  return new Set(rows.map(({ id }) => id));
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

interface LockedQueued {
  readonly id: string;
  readonly pending_end: 'cancelled' | 'superseded' | 'erased' | null;
  readonly until_not_after_ms: number;
}

/** Locks those of the given reminders that are still this batch's and that nobody began to send. */
export async function lockQueued(
  connection: Connection,
  { batchId, reminderIds }: { batchId: string; reminderIds: readonly string[] },
): Promise<LockedQueued[]> {
  const { rows } = await connection.query<LockedQueued>({
    name: 'lock queued reminders',
    text: `select id, pending_end,
        extract(epoch from not_after - clock_timestamp())::float8 * 1000 as until_not_after_ms
      from reminders
      where id = any($1::uuid[]) and batch_id = $2 and state = 'queued'
      order by id for no key update`,
    values: [reminderIds, batchId],
  });
  return rows;
}

/**
 * Locks reminders, or fails at once where somebody else has one: whoever writes an intent has its reminder until
 * the commit is through, and shows no attempt before.
 *
 * @throws for a row that is locked
 */
export async function lockIntended(
  connection: Connection,
  { reminderIds }: { reminderIds: readonly string[] },
): Promise<void> {
  await connection.query({
    name: 'lock intended reminders',
    text: `select from reminders where id = any($1::uuid[]) order by id for no key update nowait`,
    values: [reminderIds],
  });
}
