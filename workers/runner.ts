import { setTimeout as wait } from 'node:timers/promises';
import { type Job, WaitingError, Worker } from 'bullmq';
import type { Secret } from '../src/domain/secret.ts';
import { readBell } from '../src/queue/bell.ts';
import { checkQueue } from '../src/queue/check-queue.ts';
import { queueBackend, queueName } from '../src/queue/queue-backend.ts';
import { isConnectionsHeld, queueErrorFacts } from '../src/queue/queue-error.ts';
import { errorFacts, type Log } from '../src/telemetry/log.ts';

export interface BellListener {
  /** Takes no more bells, and waits for those that rang at most this long. */
  close(waitMs: number): Promise<void>;
}

export interface ListenOptions {
  readonly url: Secret<string>;
  /** Batches at once. */
  readonly concurrency: number;
  /** What comes of it; with `left` the bell rings again, for another process to hear. */
  readonly onBatch: (batchId: string) => Promise<unknown>;
  /** Called once, when no bell can come any more and nothing says why: the process is to be replaced. */
  readonly onDeaf?: () => void;
  /** How long nothing may be heard, in ticks of a sixth of it; half a minute when absent. */
  readonly deafAfterMs?: number;
  readonly log: Log;
}

const lockMs = 60_000;
const firstPauseMs = 500;
const longestPauseMs = 5_000;
const calmMs = 30_000;
/** Until a bell that was left rings again, and then until this process asks for another. */
const passOnMs = { before: 200, after: 100 };

/**
 * Hears bells and hands over the batches they name; the only user of BullMQ's Worker.
 *
 * A job never fails: a bell carries no truth, so what went wrong with its batch is logged and left
 * to the lease. What is not a bell of ours is dropped, and one whose batch is left to other processes is passed on.
 *
 * After an error the Worker rests before it asks again; by itself it would ask at once, without end.
 * One whose first connection failed never recovers and would spin without letting anything else in
 * the process run: it runs only once it is ready, and is made anew until it is. On Redis it is made
 * anew after every error: one that recovers by itself takes its time, and may stay deaf.
 *
 * On a connection that has died without a word nothing is answered and nothing fails, for ever, and the
 * Worker says that it runs. So the queue must have answered, or have failed by more than our waiting for
 * a connection, within half a minute.
 */
export function listenForBells(options: ListenOptions): BellListener {
  const { url, log } = options;
  const { disposable } = queueBackend({ url, connectionsMax: 2 });
  let current: BellWorker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let failedAt = 0;
  let closing = false;
  const hearing = createHearing(options);

  /** Twice as long each time, until a bell has been heard or there has been calm for a while. */
  function later(error: unknown, work: () => void): void {
    if (closing) return;
    log.warn('the queue is away', queueErrorFacts(error));
    if (!isConnectionsHeld(error)) hearing.sign();
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
    checkQueue(url, { withReplicas: false }).then(
      () => {
        if (!closing) run();
      },
      (error: unknown) => later(error, open),
    );
  }

  function run(): void {
    const worker = createWorker(options, {
      hearing,
      onHeard: () => {
        failures = 0;
      },
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
      hearing.close();
      const closed = current?.close().catch(() => {});
      // Over connections that have died there is nobody to say goodbye to.
      const patienceMs = hearing.isDeaf() ? 0 : waitMs;
      await Promise.race([
        closed,
        new Promise((resolve) => setTimeout(resolve, patienceMs).unref()),
      ]);
    },
  };
}

type BellWorker = ReturnType<typeof createWorker>;

const ticksMax = 6;

/**
 * Counts for how many ticks nothing came of the queue while there was room for a bell. Ticks and not
 * time: a process that was stopped and goes on has not listened in vain.
 */
function createHearing({ concurrency, onDeaf, deafAfterMs = 30_000, log }: ListenOptions) {
  let ticks = 0;
  let inHand = 0;
  let isDeaf = false;
  const timer = setInterval(() => {
    ticks = inHand >= concurrency ? 0 : ticks + 1;
    if (ticks < ticksMax || isDeaf) return;
    isDeaf = true;
    log.error('no bell can be heard, and nothing says why');
    onDeaf?.();
  }, deafAfterMs / ticksMax).unref();
  return {
    /** The queue has answered, or has failed with a word. */
    sign() {
      ticks = 0;
    },
    async during(work: () => Promise<void>): Promise<void> {
      ticks = 0;
      inHand += 1;
      await work().finally(() => {
        inHand -= 1;
      });
    },
    isDeaf: () => isDeaf,
    close: () => clearInterval(timer),
  };
}

function createWorker(
  { url, concurrency, onBatch, log }: ListenOptions,
  { hearing, onHeard }: { hearing: ReturnType<typeof createHearing>; onHeard: () => void },
) {
  const { connection, createBackend, drainDelay } = queueBackend({
    ...{ url, connectionsMax: 2, onAnswer: hearing.sign },
  });
  const take = async (job: Job, token: string | undefined) => {
    onHeard();
    const bell = readBell(job.data);
    if (!bell) return log.warn('something that is no bell was dropped');
    const taken = await onBatch(bell.batch).catch((error: unknown) => {
      log.warn('a batch was left to its lease', { ...errorFacts(error), batchId: bell.batch });
    });
    if (taken === 'left') await passOn(job, { token, log });
  };
  const hear = (job: Job, token?: string) => hearing.during(() => take(job, token));
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

/**
 * Lets a bell ring again. This process asks for the next one at once when it is done with one, and would
 * be quicker than those that have to be woken: so it waits a moment more.
 *
 * @throws {WaitingError} as BullMQ wants to be told of it
 */
async function passOn(job: Job, { token, log }: { token: string | undefined; log: Log }) {
  await wait(passOnMs.before);
  try {
    await job.moveToWait(token);
  } catch (error) {
    return log.warn('a bell was lost', queueErrorFacts(error));
  }
  await wait(passOnMs.after);
  throw new WaitingError();
}
