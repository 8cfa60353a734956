import { Worker } from 'bullmq';
import type { Secret } from '../src/domain/secret.ts';
import { readBell } from '../src/queue/bell.ts';
import { queueBackend, queueName } from '../src/queue/queue-backend.ts';
import { errorFacts, type Log } from '../src/telemetry/log.ts';

export interface BellListener {
  /** Takes no more bells, and waits for those that rang at most this long. */
  close(waitMs: number): Promise<void>;
}

const lockMs = 60_000;

/**
 * Hears bells and hands over the batches they name; the only user of BullMQ's Worker.
 *
 * A job never fails: a bell carries no truth, so what went wrong with its batch is logged and left
 * to the lease. What is not a bell of ours is dropped.
 *
 * @param options.concurrency batches at once
 */
export function listenForBells(options: {
  url: Secret<string>;
  concurrency: number;
  onBatch: (batchId: string) => Promise<void>;
  log: Log;
}): BellListener {
  const { log } = options;
  const { connection, createBackend } = queueBackend({ url: options.url, connectionsMax: 2 });
  const worker = new Worker(
    queueName,
    async (job) => {
      const bell = readBell(job.data);
      if (!bell) return log.warn('something that is no bell was dropped');
      await options.onBatch(bell.batch).catch((error: unknown) => {
        log.warn('a batch was left to its lease', { ...errorFacts(error), batchId: bell.batch });
      });
    },
    {
      connection,
      concurrency: options.concurrency,
      lockDuration: lockMs,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      skipVersionCheck: true,
    },
    createBackend,
  );
  worker.on('error', (error) => log.warn('the queue is away', errorFacts(error)));

  return {
    async close(waitMs) {
      const closed = worker.close();
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, waitMs).unref())]);
    },
  };
}
