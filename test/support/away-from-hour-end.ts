import { setTimeout as wait } from 'node:timers/promises';

/** What is counted by the hour would begin anew in the midst of a test: waits for the next hour if this one is about to end. */
export async function awayFromHourEnd(leastMs = 15_000): Promise<void> {
  const leftMs = 3_600_000 - (Date.now() % 3_600_000);
  if (leftMs < leastMs) await wait(leftMs + 100);
}
