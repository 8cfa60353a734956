import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type * as bull from '@bull-board/api/typings/app';
import { type QueueJob, queueJobStates, type WatchedQueue } from '../../../domain/queue-job.ts';
import { BoardFault } from './board-fault.ts';

export type QueueAction = 'queue.retry' | 'queue.remove' | 'queue.clean';

export interface BoardQueueDeps {
  readonly queue: WatchedQueue;
  readonly mayAct: boolean;
  /** Resolves once it is written who is about to do what to which jobs; only then is it done. */
  recordAction(action: QueueAction, jobIds: readonly string[]): Promise<void>;
}

/** So many jobs at one press, each with a line in the log; the next press takes the next. */
const cleanedMax = 200;
const cleanable = ['waiting', 'completed', 'failed', 'delayed'] as const;

/**
 * The queue as bull-board asks for it, made of nothing but ids, codes and times.
 *
 * bull-board's own adapter hands on whatever a job holds; formatters reach its data, but not its id,
 * its options, its errors and its log.
 */
export class BoardQueue extends BaseAdapter {
  readonly #deps: BoardQueueDeps;

  constructor(deps: BoardQueueDeps) {
    super('bullmq', {
      readOnlyMode: !deps.mayAct,
      description: 'One job for each batch of up to 200 reminders. What counts is in PostgreSQL.',
    });
    this.#deps = deps;
  }

  getName(): string {
    return 'bells';
  }
  getStatuses(): bull.Status[] {
    return ['latest', ...queueJobStates];
  }
  getJobStatuses(): bull.JobStatus[] {
    return [...queueJobStates];
  }
  async getJobCounts(): Promise<bull.JobCounts> {
    return { ...(await this.#deps.queue.count()).jobs };
  }
  async isPaused(): Promise<boolean> {
    return (await this.#deps.queue.count()).isPaused;
  }
  async getJobs(statuses: bull.JobStatus[], start = 0, end = 9): Promise<bull.QueueJob[]> {
    const range = { first: start, last: end };
    const states = queueJobStates.filter((state) => statuses.includes(state));
    const lists = await Promise.all(states.map((state) => this.#deps.queue.list(state, range)));
    return lists.flat().map((job) => this.#asBoardJob(job));
  }
  async getJob(id: string): Promise<bull.QueueJob | undefined> {
    const job = await this.#deps.queue.find(id);
    return job && this.#asBoardJob(job);
  }

  async clean(status: bull.JobCleanStatus): Promise<void> {
    const state = cleanable.find((known) => known === (status === 'wait' ? 'waiting' : status));
    if (!state) throw new BoardFault('refused');
    const jobs = await this.#deps.queue.list(state, { first: 0, last: cleanedMax - 1 });
    if (jobs.length === 0) return;
    await this.#deps.recordAction(
      'queue.clean',
      jobs.map(({ id }) => id),
    );
    for (const { id } of jobs) await this.#deps.queue.remove(id);
  }

  #asBoardJob(job: QueueJob): bull.QueueJob {
    const { queue, recordAction } = this.#deps;
    return {
      opts: {},
      toJSON: () => asShown(job),
      getState: async () => job.state,
      promote: refuse,
      async retry() {
        await recordAction('queue.retry', [job.id]);
        if (!(await queue.retry(job.id))) throw new BoardFault('refused');
      },
      async remove() {
        await recordAction('queue.remove', [job.id]);
        if (!(await queue.remove(job.id))) throw new BoardFault('refused');
      },
    };
  }

  // bull-board asks for these while it draws, and the answers are the same for every queue of ours.
  getJobLogs = async () => [];
  getJobSchedulers = async () => [];
  getJobSchedulersCount = async () => 0;
  getGlobalConcurrency = async () => null;
  getRedisInfo = async () => null;
  getMetrics = async () => ({ meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 });
  getFlowProducer = async () => null;
  getQueueQualifiedName = () => 'bells';

  addJob = refuse;
  pause = refuse;
  resume = refuse;
  empty = refuse;
  obliterate = refuse;
  promoteAll = refuse;
  removeJobScheduler = refuse;
  updateJobScheduler = refuse;
  runJobSchedulerNow = refuse;
  setGlobalConcurrency = refuse;
}

async function refuse(): Promise<never> {
  throw new BoardFault('belongs_to_controls');
}

function asShown(job: QueueJob): bull.QueueJobJson {
  return {
    id: job.id,
    name: job.batchId ? 'bell' : 'unreadable',
    data: job.batchId ? { v: 1, batch: job.batchId } : 'unreadable',
    timestamp: job.addedAt?.getTime() ?? 0,
    processedOn: job.startedAt?.getTime() ?? null,
    finishedOn: job.finishedAt?.getTime() ?? null,
    attemptsMade: job.tries,
    failedReason: job.failure ?? '',
    progress: 0,
    stacktrace: [],
    returnvalue: null,
    opts: {},
  };
}
