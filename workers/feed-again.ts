import { setTimeout as wait } from 'node:timers/promises';
import type { Fed } from '../src/usecases/feed-due-reminders.ts';

/** A worker that keeps up sends a good part of what it was given in this time. */
const pauseMs = 50;
/** What comes due in this time is taken together, for a feeding costs as much for one as for many. */
const gatherMs = 200;
/** With many organisations a feeding takes long: it waits for so many times as long. */
const restsPerFeeding = 4;
/** From one round to the next, where this lane has its turn anew. */
const roundMs = 930;

/**
 * Feeds again and again within a round for as long as there is reason to: at once while workers have
 * room, in a moment where they are all that bounds it, so that those that are quick do not stand still
 * until the next round, and when the next reminder is due, so that none is late by the round; that as
 * seldom as leaves feeding a fifth of the lane's time. Where the sender's rate is the bound, or nothing
 * more comes due, once is enough.
 */
export async function feedAgain(
  feed: () => Promise<Pick<Fed, 'again' | 'dueInMs'>>,
  clock = () => performance.now(),
): Promise<void> {
  const startedAt = clock();
  for (;;) {
    const fedAt = clock();
    const fed = await feed();
    const pause = pauseOf(fed, clock() - fedAt);
    if (pause === undefined || clock() - startedAt + pause >= roundMs) return;
    if (pause > 0) await wait(pause);
  }
}

/** @returns undefined: not in this round */
function pauseOf(
  { again, dueInMs }: Pick<Fed, 'again' | 'dueInMs'>,
  tookMs: number,
): number | undefined {
  if (again !== 'no') return again === 'now' ? 0 : pauseMs;
  if (dueInMs === undefined) return undefined;
  return Math.max(Math.ceil(dueInMs), gatherMs, tookMs * restsPerFeeding);
}
