import { type Job, Worker } from 'bullmq';
import type { Secret } from '../src/domain/secret.ts';
import { readBell } from '../src/queue/bell.ts';
import { checkQueue } from '../src/queue/check-queue.ts';
import { queueBackend, queueName } from '../src/queue/queue-backend.ts';
import { queueErrorFacts } from '../src/queue/queue-error.ts';
import { errorFacts, type Log } from '../src/telemetry/log.ts';

export interface BellListener {
  /** Takes no more bells, and waits for those that rang at most this long. */
  close(waitMs: number): Promise<void>;
}

export interface ListenOptions {
  readonly url: Secret<string>;
  /** Batches at once. */
  readonly concurrency: number;
  readonly onBatch: (batchId: string) => Promise<void>;
  readonly log: Log;
}

const lockMs = 60_000;
const firstPauseMs = 500;
const longestPauseMs = 5_000;
const calmMs = 30_000;

/**
 * Hears bells and hands over the batches they name; the only user of BullMQ's Worker.
 *
 * A job never fails: a bell carries no truth, so what went wrong with its batch is logged and left
 * to the lease. What is not a bell of ours is dropped.
 *
 * After an error the Worker rests before it asks again; by itself it would ask at once, without end.
 * One whose first connection failed never recovers and would spin without letting anything else in
 * the process run: it runs only once it is ready, and is made anew until it is. On Redis it is made
 * anew after every error: one that recovers by itself takes its time, and may stay deaf.
 */
export function listenForBells(options: ListenOptions): BellListener {
  const { url, log } = options;
  const { disposable } = queueBackend({ url, connectionsMax: 2 });
  let current: BellWorker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let failedAt = 0;
  let closing = false;

  /** Twice as long each time, until a bell has been heard or there has been calm for a while. */
  function later(error: unknown, work: () => void): void {
    if (closing) return;
    log.warn('the queue is away', queueErrorFacts(error));
    if (performance.now() - failedAt > calmMs) failures = 0;
    failedAt = performance.now();
    clearTimeout(timer);
    timer = setTimeout(work, Math.min(firstPauseMs * 2 ** failures, longestPauseMs));
    failures += 1;
  }

  /** What it has begun goes on, and what it still says is no news; its connections are given up. */
  function drop(worker: BellWorker): void {
    current = undefined;
    void worker.close(true).catch(() => {});
  }

  function open(): void {
    checkQueue(url).then(
      () => {
        if (!closing) run();
      },
      (error: unknown) => later(error, open),
    );
  }

  function run(): void {
    const worker = createWorker(options, () => {
      failures = 0;
    });
    current = worker;
    let ready = false;
    worker.on('error', (error) => {
      if (current !== worker || closing) return;
      if (disposable) {
        drop(worker);
        return later(error, open);
      }
      if (!ready) return;
      // Closed instead, its listening connection could report that it was cut to nobody, which
      // would end the process.
      void worker.pause(true);
      later(error, () => void worker.resume());
    });
    worker
      .waitUntilReady()
      .then(() => {
        ready = true;
        return worker.run();
      })
      .catch((error: unknown) => {
        if (ready || closing || current !== worker) return;
        drop(worker);
        later(error, open);
      });
  }

  open();
  return {
    async close(waitMs) {
      closing = true;
      clearTimeout(timer);
      const closed = current?.close().catch(() => {});
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, waitMs).unref())]);
    },
  };
}

type BellWorker = ReturnType<typeof createWorker>;

function createWorker({ url, concurrency, onBatch, log }: ListenOptions, onHeard: () => void) {
  const { connection, createBackend, drainDelay } = queueBackend({ url, connectionsMax: 2 });
  const hear = async (job: Job) => {
    onHeard();
    const bell = readBell(job.data);
    if (!bell) return log.warn('something that is no bell was dropped');
    await onBatch(bell.batch).catch((error: unknown) => {
      log.warn('a batch was left to its lease', { ...errorFacts(error), batchId: bell.batch });
    });
  };
  return new Worker(
    queueName,
    hear,
    {
      connection,
      concurrency,
      autorun: false,
      drainDelay,
      lockDuration: lockMs,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      skipVersionCheck: true,
    },
    createBackend,
  );
}
