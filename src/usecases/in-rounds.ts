import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';

const roundsMax = 20;

/**
 * Repeats a bounded change until nothing is left, each round in a transaction of its own that holds
 * the duty's lock.
 *
 * @returns how many rows were changed
 */
export async function inRounds(
  { database }: { database: Pick<Database, 'transaction'> },
  duty: string,
  change: (connection: Connection) => Promise<number>,
): Promise<number> {
  let total = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const changed = await database.transaction([], async (connection) =>
      (await tryDuty(connection, duty)) ? change(connection) : 0,
    );
    total += changed;
    if (changed === 0) break;
  }
  return total;
}
