import { setTimeout as wait } from 'node:timers/promises';

/** From the start of one query to that of the next: short beside an answer, and no more than 200 a second. */
const apartMs = 5;

/**
 * Looks keys up together: those asked for while a query is on its way, or within a few milliseconds of
 * its start, share the next one, so that a burst costs one connection and a few round trips instead of
 * one each. Whoever asks alone waits for nobody.
 *
 * @param load answers for all keys at once; a key that is not in the map was not found
 * @returns a lookup that rejects, for all keys of a batch alike, when `load` does
 */
export function createBatchedLookup<Value>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | undefined> {
  let waiting = new Map<string, PromiseWithResolvers<Value | undefined>>();
  let isRunning = false;
  let startedAt = -apartMs;

  async function run(): Promise<void> {
    isRunning = true;
    // One turn of the event loop gathers what arrived with the same burst.
    await new Promise(setImmediate);
    while (waiting.size > 0) {
      const restMs = startedAt + apartMs - performance.now();
      if (restMs > 0) await wait(restMs);
      startedAt = performance.now();
      const batch = waiting;
      waiting = new Map();
      try {
        const found = await load([...batch.keys()]);
        for (const [key, asked] of batch) asked.resolve(found.get(key));
      } catch (error) {
        for (const asked of batch.values()) asked.reject(error);
      }
    }
    isRunning = false;
  }

  return (key) => {
    const same = waiting.get(key);
    if (same) return same.promise;
    const asked = Promise.withResolvers<Value | undefined>();
    waiting.set(key, asked);
    if (!isRunning) void run();
    return asked.promise;
  };
}
