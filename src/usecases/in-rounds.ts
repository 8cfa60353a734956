import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';

const roundsMax = 20;

/**
 * Repeats a bounded change until nothing is left, each round in a transaction of its own that holds
 * the duty's lock.
 *
 * @param bounds.roundsMax how many rounds at most; what is left then waits for the next time
 * @returns how many rows were changed
 */
export async function inRounds(
  { database }: { database: Pick<Database, 'transaction'> },
  duty: string,
  change: (connection: Connection) => Promise<number>,
  bounds: { roundsMax?: number; lockTimeoutMs?: number; stopping?: AbortSignal } = {},
): Promise<number> {
  const { lockTimeoutMs, stopping } = bounds;
  let total = 0;
  for (let round = 0; round < (bounds.roundsMax ?? roundsMax); round += 1) {
    if (stopping?.aborted) break;
    const changed = await database.transaction(
      [],
      async (connection) => ((await tryDuty(connection, duty)) ? change(connection) : 0),
      ...(lockTimeoutMs === undefined ? [] : [{ lockTimeoutMs }]),
    );
    total += changed;
    if (changed === 0) break;
  }
  return total;
}
