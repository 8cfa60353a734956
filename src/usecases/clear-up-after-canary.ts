import { deleteOldCanaryMessages } from '../store/canary-messages.ts';
import { deleteOldRuns, deleteOldTraces } from '../store/canary-runs.ts';
import type { Database } from '../store/database.ts';

const roundsMax = 20;

/**
 * Deletes what the canary was sent, its appointments of a day ago with their events, and its runs of a
 * week ago. Several at once do no harm.
 */
export async function clearUpAfterCanary({
  database,
}: {
  database: Pick<Database, 'query'>;
}): Promise<void> {
  await deleteOldCanaryMessages(database);
  await deleteOldRuns(database);
  for (let round = 0; round < roundsMax; round += 1) {
    if ((await deleteOldTraces(database)) === 0) return;
  }
}
