import type { Lane } from '../domain/lane.ts';
import { createBatchedLookup } from './batched-lookup.ts';
import type { Database } from './database.ts';

/**
 * Batches that have been waiting for a worker, up to `countMax` of each lane, longest first, and whose
 * lease still leaves time.
 *
 * For a worker that hears no bell: the database is where batches are, the queue only tells of them.
 */
export async function findWaitingBatches(
  database: Pick<Database, 'query'>,
  input: { waitingMs: number; leaseMs: number; leaseMarginMs: number; countMax: number },
): Promise<{ batchId: string; lane: Lane }[]> {
  const rows = await database.query(
    `select batch_id, channel, mode from (
       select b.*, row_number() over (partition by channel, mode order by lease_until) as place
       from (select distinct on (batch_id) batch_id, lease_until, channel, mode from reminders
         where phase = 'in_hand' and state = 'queued'
           and lease_until > now() + $1::float8 * interval '1 millisecond'
           and lease_until <= now() + $2::float8 * interval '1 millisecond') b) w
     where place <= $3 order by lease_until`,
    [input.leaseMarginMs, input.leaseMs - input.waitingMs, input.countMax],
  );
  return rows.map((row) => ({
    batchId: row.batch_id,
    lane: { channel: row.channel, mode: row.mode },
  }));
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
