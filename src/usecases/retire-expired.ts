import type { Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import {
  deleteExpiredLinks,
  deleteOldAppointments,
  deleteOldBatches,
  deleteShortLived,
  makeEventPartitions,
} from '../store/retention.ts';
import { inRounds } from './in-rounds.ts';

/** Deletes, in small batches, everything whose time of keeping is over. */
export async function retireExpired(deps: {
  database: Pick<Database, 'transaction'>;
}): Promise<void> {
  await inRounds(deps, 'delete expired links', deleteExpiredLinks);
  await inRounds(deps, 'delete old appointments', deleteOldAppointments);
  await inRounds(deps, 'delete old batches', deleteOldBatches);
  await inRounds(deps, 'delete short-lived rows', deleteShortLived);
}

/** Makes room for the events of the months ahead. */
export async function prepareEventMonths(deps: {
  database: Pick<Database, 'transaction'>;
}): Promise<void> {
  await deps.database.transaction([], async (connection) => {
    if (await tryDuty(connection, 'event partitions')) await makeEventPartitions(connection);
  });
}
