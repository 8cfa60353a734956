import { errorFacts, type Log } from '../src/telemetry/log.ts';

export interface Dispatcher {
  /** Sends a batch, unless this process is at it already. Never rejects. */
  take(batchId: string): Promise<void>;
  /** Looks for batches that wait without a bell, and takes as many as there is room for. */
  lookAround(): Promise<void>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/**
 * Keeps what one process sends at once within bounds, and makes it independent of the queue: a
 * batch that has waited a few seconds is taken without a bell.
 */
export function createDispatcher(deps: {
  /** Batches that have waited without a bell, at most so many. */
  findWaiting: (countMax: number) => Promise<readonly string[]>;
  dispatch: (batchId: string) => Promise<void>;
  concurrency: number;
  log: Log;
}): Dispatcher {
  const { log, concurrency } = deps;
  const underWay = new Map<string, Promise<void>>();

  function take(batchId: string): Promise<void> {
    const running = underWay.get(batchId);
    if (running) return running;
    const run = deps
      .dispatch(batchId)
      .catch((error: unknown) => {
        log.warn('a batch was left to its lease', { ...errorFacts(error), batchId });
      })
      .finally(() => underWay.delete(batchId));
    underWay.set(batchId, run);
    return run;
  }

  return {
    take,
    async lookAround() {
      const room = concurrency - underWay.size;
      if (room <= 0) return;
      const waiting = await deps.findWaiting(concurrency * 2);
      const found = waiting.filter((batchId) => !underWay.has(batchId)).slice(0, room);
      if (found.length > 0) log.warn('batches waited without a bell', { count: found.length });
      for (const batchId of found) void take(batchId);
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
  };
}
