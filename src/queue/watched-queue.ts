import { Queue } from 'bullmq';
import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import { type QueueJobState, queueJobStates, type WatchedQueue } from '../domain/queue-job.ts';
import type { Secret } from '../domain/secret.ts';
import type { Log } from '../telemetry/log.ts';
import { describeJob } from './describe-job.ts';
import { createJobNames } from './job-names.ts';
import { queueBackend, queueName } from './queue-backend.ts';
import { queueErrorFacts } from './queue-error.ts';

const answerMs = 3_000;
const unusedMs = 60_000;

/**
 * Opens the queue for operators, when somebody looks: one connection, which is dropped after a minute
 * without a visitor, and after any error. It rings nothing, hears nothing and sets nothing up.
 */
export function createWatchedQueue({
  url,
  log,
}: {
  url: Secret<string>;
  log: Log;
}): WatchedQueue & { close(): Promise<void> } {
  const names = createJobNames();
  let current: OpenQueue | undefined;
  let unused: NodeJS.Timeout | undefined;
  let closed = false;

  async function drop(queue: OpenQueue | undefined): Promise<void> {
    if (!queue || queue !== current) return;
    current = undefined;
    clearTimeout(unused);
    await queue.close().catch(() => {});
  }

  async function ask<T>(question: (queue: OpenQueue) => Promise<T>): Promise<T> {
    if (closed) throw new AppError('unavailable');
    current ??= openQueue(url);
    const queue = current;
    clearTimeout(unused);
    unused = setTimeout(() => void drop(queue), unusedMs).unref();
    try {
      return await inTime(queue.waitUntilReady().then(() => question(queue)));
    } catch (error) {
      log.warn('the queue is away', queueErrorFacts(error));
      void drop(queue);
      throw new AppError('unavailable', { cause: error });
    }
  }

  async function read(queue: OpenQueue, id: string, known?: QueueJobState) {
    const job = await queue.getJob(id).catch(asUnreadable);
    if (!job) return undefined;
    const state = known ?? (await queue.getJobState(id));
    return describeJob({ job: job === 'unreadable' ? undefined : job, state, id: names.shown(id) });
  }

  return {
    count: () =>
      ask(async (queue) => {
        const counts = await queue.getJobCounts(...queueJobStates);
        const jobs = queueJobStates.map((state) => [state, counts[state] ?? 0] as const);
        return {
          jobs: Object.fromEntries(jobs) as Record<QueueJobState, number>,
          isPaused: await queue.isPaused(),
        };
      }),
    list: (state, { first, last }) =>
      ask(async (queue) => {
        const ids = await queue.getRanges([state], first, last);
        const jobs = await Promise.all(ids.map((id) => read(queue, id, state)));
        return jobs.filter((job) => job !== undefined);
      }),
    find: (shownId) => ask((queue) => read(queue, names.real(shownId))),
    retry: (shownId) =>
      ask(async (queue) => {
        const job = await queue.getJob(names.real(shownId)).catch(asUnreadable);
        if (!job || job === 'unreadable') return false;
        const state = await job.getState();
        if (state !== 'failed' && state !== 'completed') return false;
        return job.retry(state).then(() => true, asRefused);
      }),
    remove: (shownId) =>
      ask((queue) =>
        queue
          .remove(names.real(shownId), { removeChildren: false })
          .then((count) => count > 0, asRefused),
      ),
    async close() {
      closed = true;
      await drop(current);
    },
  };
}

type OpenQueue = ReturnType<typeof openQueue>;

function openQueue(url: Secret<string>) {
  const { connection, createBackend } = queueBackend({
    url,
    connectionsMax: limits.boardConnectionsMax,
    answerMs,
  });
  const queue = new Queue(
    queueName,
    { connection, skipVersionCheck: true, skipMetasUpdate: true },
    createBackend,
  );
  // Whoever asked is told; without a listener the process would end.
  queue.on('error', () => {});
  return queue;
}

/** What a stranger left there need not be JSON, or not a job's, and the error about it would quote it. */
function asUnreadable(error: unknown): 'unreadable' {
  if (error instanceof SyntaxError || error instanceof TypeError) return 'unreadable';
  throw error;
}

/** BullMQ numbers what a job cannot do in its state: it is gone, locked, or another one's. */
function asRefused(error: unknown): false {
  if (typeof (error as { code?: unknown }).code === 'number') return false;
  throw error;
}

/** A connection that neither answers nor breaks must not hold up whoever looks. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Command timed out')), 2 * answerMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
