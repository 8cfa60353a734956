import { setTimeout as wait } from 'node:timers/promises';

/** A worker that keeps up sends a good part of what it was given in this time. */
const pauseMs = 50;
/** From one round to the next, where this lane has its turn anew. */
const roundMs = 930;

/**
 * Feeds again and again within a round for as long as workers are all that bounds it, so that those
 * that are quick do not stand still until the next round: at once while they have room, else in a
 * moment. Where the sender's rate is the bound, or nothing more is due, once is enough.
 */
export async function feedAgain(
  feed: () => Promise<{ again: 'no' | 'now' | 'soon' }>,
  clock = () => performance.now(),
): Promise<void> {
  const startedAt = clock();
  for (let { again } = await feed(); again !== 'no'; { again } = await feed()) {
    const pause = again === 'now' ? 0 : pauseMs;
    if (clock() - startedAt + pause >= roundMs) return;
    if (pause > 0) await wait(pause);
  }
}
