import type { Database } from '../store/database.ts';
import { claimMinutes, closeMinutes, firstMinutes } from '../store/minute-measures.ts';
import { inRounds } from './in-rounds.ts';

/**
 * Counts, once for each minute that is over, what became of reminders in it, and adds it to running
 * totals.
 *
 * How far that has gone is written in the transaction of the counts, so a minute is counted once,
 * whoever dies in between. After an outage many minutes are counted together.
 *
 * @returns how many minutes were closed
 */
export async function measureMinutes(deps: {
  database: Pick<Database, 'transaction'>;
}): Promise<number> {
  return inRounds(deps, 'measure minutes', async (connection) => {
    const closable = await claimMinutes(connection);
    if (closable.until <= closable.from) return 0;
    const range = await firstMinutes(connection, closable);
    await closeMinutes(connection, range);
    return (range.until.getTime() - range.from.getTime()) / 60_000;
  });
}
