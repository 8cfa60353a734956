import { Queue } from 'bullmq';
import type { Secret } from '../domain/secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Bell } from './bell.ts';
import { checkQueue } from './check-queue.ts';
import { queueBackend, queueName } from './queue-backend.ts';
import { queueErrorFacts } from './queue-error.ts';

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
const reopenMs = 1_000;
/** Past so many that nobody has answered for, one more would only cost memory. */
const onTheirWayMax = 1_000;

export function createBells({ url, log }: { url: Secret<string>; log: Log }): Bells {
  const ringing = new Set<Promise<void>>();
  let current: OpenedQueue | undefined;

  function lose(batchId: string, error?: unknown): void {
    log.warn('a bell was lost', {
      ...(error === undefined ? {} : queueErrorFacts(error)),
      batchId,
    });
  }

  /** One whose first connection failed never recovers; another one is tried a moment later. */
  function forgetUnlessReady(used: OpenedQueue): void {
    if (used.isReady() || used !== current || performance.now() - used.openedAt < reopenMs) return;
    current = undefined;
    used.queue.then((queue) => queue.close()).catch(() => {});
  }

  return {
    ring(batchId) {
      if (ringing.size >= onTheirWayMax) return lose(batchId);
      current ??= openQueue(url, log);
      const used = current;
      const rung = used.queue
        .then((queue) =>
          queue.add('bell', { v: 1, batch: batchId } satisfies Bell, { jobId: batchId }),
        )
        .then(
          () => {},
          (error: unknown) => {
            lose(batchId, error);
            forgetUnlessReady(used);
          },
        )
        .finally(() => ringing.delete(rung));
      ringing.add(rung);
    },
    async close() {
      const moment = new Promise<void>((resolve) => setTimeout(resolve, closingMs).unref());
      await Promise.race([Promise.all(ringing), moment]);
      const closed = current?.queue.then((queue) => queue.close()).catch(() => {});
      await Promise.race([closed, moment]);
    },
  };
}

type OpenedQueue = ReturnType<typeof openQueue>;

function openQueue(url: Secret<string>, log: Log) {
  let ready = false;
  const queue = checkQueue(url, { withReplicas: false }).then(() => {
    const made = createQueue(url, log);
    made.waitUntilReady().then(
      () => {
        ready = true;
      },
      () => {},
    );
    return made;
  });
  queue.catch(() => {});
  return { queue, isReady: () => ready, openedAt: performance.now() };
}

function createQueue(url: Secret<string>, log: Log) {
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
  queue.on('error', (error) => log.warn('the queue is away', queueErrorFacts(error)));
  return queue;
}
