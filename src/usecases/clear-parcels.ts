import { limits } from '../../config/limits.ts';
import type { Database } from '../store/database.ts';
import { clearParcels } from '../store/parcels.ts';
import { inRounds } from './in-rounds.ts';

/** Empties what was sealed for sending and serves nothing any more, never on one clock's word. */
export async function clearSettledParcels(deps: {
  database: Pick<Database, 'transaction'>;
  now?: () => Temporal.Instant;
}): Promise<number> {
  const { now = () => Temporal.Now.instant() } = deps;
  return inRounds(deps, 'clear parcels', (connection) =>
    clearParcels(connection, { graceMs: limits.parcelGraceMs, now: now() }),
  );
}
