import { Queue } from 'bullmq';
import type { Secret } from '../domain/secret.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { Bell } from './bell.ts';
import { queueBackend, queueName } from './queue-backend.ts';

export interface Bells {
  /**
   * Tells some worker that a batch is waiting, and does not wait until it is told. A bell that is
   * lost is made good by the lease and by workers that look for themselves.
   */
  ring(batchId: string): void;
  /** Waits a moment for bells on their way, then leaves. */
  close(): Promise<void>;
}

const closingMs = 2_000;

export function createBells({ url, log }: { url: Secret<string>; log: Log }): Bells {
  const ringing = new Set<Promise<void>>();
  let current: BellQueue | undefined;

  return {
    ring(batchId) {
      current ??= openQueue(url, log);
      const used = current;
      const rung = used.queue
        .add('bell', { v: 1, batch: batchId } satisfies Bell, { jobId: batchId })
        .then(
          () => {},
          (error: unknown) => {
            log.warn('a bell was lost', { ...errorFacts(error), batchId });
            // One whose first connection failed never recovers.
            if (used.isReady() || used !== current) return;
            current = undefined;
            void used.queue.close().catch(() => {});
          },
        )
        .finally(() => ringing.delete(rung));
      ringing.add(rung);
    },
    async close() {
      const moment = new Promise<void>((resolve) => setTimeout(resolve, closingMs).unref());
      await Promise.race([Promise.all(ringing), moment]);
      await Promise.race([current?.queue.close().catch(() => {}), moment]);
    },
  };
}

type BellQueue = ReturnType<typeof openQueue>;

function openQueue(url: Secret<string>, log: Log) {
  const { connection, createBackend } = queueBackend({ url, connectionsMax: 1 });
  const queue = new Queue(
    queueName,
    {
      connection,
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
      skipVersionCheck: true,
      streams: { events: { maxLen: 256 } },
    },
    createBackend,
  );
  queue.on('error', (error) => log.warn('the queue is away', errorFacts(error)));
  let ready = false;
  queue.waitUntilReady().then(
    () => {
      ready = true;
    },
    () => {},
  );
  return { queue, isReady: () => ready };
}
