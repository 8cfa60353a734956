import { setTimeout as wait } from 'node:timers/promises';

/**
 * Polls until something holds, and fails when it does not in time: long enough for a machine that
 * stands still for some seconds.
 */
export async function waitFor(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
  pollMs = 50,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not come true within ${timeoutMs} ms`);
    await wait(pollMs);
  }
}
