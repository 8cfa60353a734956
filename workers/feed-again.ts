import { setTimeout as wait } from 'node:timers/promises';

/** A worker that keeps up sends a good part of what it was given in this time. */
const pauseMs = 50;
/** Enough less than from one round to the next that the last feeding is over by then. */
const roundMs = 930;

/**
 * Feeds again and again within a round for as long as workers are all that bounds it, so that those
 * that are quick do not stand still until the next round. Where the sender's rate is the bound, or
 * nothing more is due, once is enough.
 */
export async function feedAgain(
  feed: () => Promise<{ count: number; isFull: boolean }>,
  clock = () => performance.now(),
): Promise<void> {
  const startedAt = clock();
  for (let fed = await feed(); fed.isFull; fed = await feed()) {
    if (clock() - startedAt + pauseMs >= roundMs) return;
    await wait(pauseMs);
  }
}
