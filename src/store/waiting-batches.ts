import type { Database } from './database.ts';

/**
 * Batches that have been waiting for a worker, longest first, and whose lease still leaves time.
 *
 * For a worker that hears no bell: the database is where batches are, the queue only tells of them.
 */
export async function findWaitingBatches(
  database: Pick<Database, 'query'>,
  input: { waitingMs: number; leaseMs: number; leaseMarginMs: number; countMax: number },
): Promise<string[]> {
  const rows = await database.query<{ batch_id: string }>(
    `select batch_id from (
       select distinct on (batch_id) batch_id, lease_until from reminders
       where state = 'queued'
         and lease_until > now() + $1::float8 * interval '1 millisecond'
         and lease_until <= now() + $2::float8 * interval '1 millisecond') w
     order by lease_until limit $3`,
    [input.leaseMarginMs, input.leaseMs - input.waitingMs, input.countMax],
  );
  return rows.map((row) => row.batch_id);
}
