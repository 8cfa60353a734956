import type { Lane } from '../domain/lane.ts';
import { createBatchedLookup } from './batched-lookup.ts';
import type { Database } from './database.ts';

/** For how long a worker that is at a batch may say nothing of it. */
interface Silence {
  readonly silentMs: number;
}

/**
 * Batches that have been waiting for a worker, up to `countMax` of each lane, longest first, and whose
 * lease still leaves time. Those that a worker has said to be at lately are none.
 *
 * For a worker that hears no bell: the database is where batches are, the queue only tells of them.
 */
export async function findWaitingBatches(
  database: Pick<Database, 'query'>,
  input: { waitingMs: number; leaseMs: number; leaseMarginMs: number; countMax: number } & Silence,
): Promise<{ batchId: string; lane: Lane }[]> {
  const rows = await database.query(
    `select batch_id, channel, mode from (
       select b.*, row_number() over (partition by channel, mode order by lease_until) as place
       from (select distinct on (batch_id) batch_id, lease_until, channel, mode from reminders
         where phase = 'in_hand' and state = 'queued'
           and lease_until > now() + $1::float8 * interval '1 millisecond'
           and lease_until <= now() + $2::float8 * interval '1 millisecond') b
       where not exists (select from batches t
         where t.id = b.batch_id and t.taken_at > now() - $4::float8 * interval '1 millisecond')) w
     where place <= $3 order by lease_until`,
    [input.leaseMarginMs, input.leaseMs - input.waitingMs, input.countMax, input.silentMs],
  );
  return rows.map((row) => ({
    batchId: row.batch_id,
    lane: { channel: row.channel, mode: row.mode },
  }));
}

/**
 * Says that this process is at these batches, but for those that another has said so of since.
 *
 * @param silentMs 0: they are this process' already
 * @returns those that it may go on with
 */
export async function takeBatches(
  database: Pick<Database, 'query'>,
  { batchIds, silentMs }: { batchIds: readonly string[] } & Silence,
): Promise<string[]> {
  if (batchIds.length === 0) return [];
  const rows = await database.query<{ id: string }>(
    `update batches set taken_at = clock_timestamp()
     where id = any($1::uuid[]) and (taken_at is null
       or taken_at <= clock_timestamp() - $2::float8 * interval '1 millisecond')
     returning id`,
    [batchIds, silentMs],
  );
  return rows.map(({ id }) => id);
}

/** Finds the lane of a batch, those of one burst of bells together; undefined for no batch of ours. */
export function createLaneLookup(
  database: Pick<Database, 'query'>,
): (batchId: string) => Promise<Lane | undefined> {
  return createBatchedLookup(async (batchIds) => {
    const rows = await database.query(
      'select id, channel, mode from batches where id = any($1::uuid[])',
      [batchIds],
      'find lanes',
    );
    return new Map(rows.map(({ id, channel, mode }) => [id, { channel, mode }]));
  });
}
