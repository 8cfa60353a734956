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

export function createBells({ url, log }: { url: Secret<string>; log: Log }): Bells {
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
  const ringing = new Set<Promise<void>>();

  return {
    ring(batchId) {
      const rung = queue
        .add('bell', { v: 1, batch: batchId } satisfies Bell, { jobId: batchId })
        .then(
          () => {},
          (error: unknown) => log.warn('a bell was lost', { ...errorFacts(error), batchId }),
        )
        .finally(() => ringing.delete(rung));
      ringing.add(rung);
    },
    async close() {
      await Promise.all(ringing);
      await queue.close();
    },
  };
}
