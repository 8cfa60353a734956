/** Where a job of the queue can be, in BullMQ's words, which the board shows. */
export const queueJobStates = [
  'active',
  'waiting',
  'prioritized',
  'completed',
  'failed',
  'delayed',
  'waiting-children',
] as const;
export type QueueJobState = (typeof queueJobStates)[number];

/**
 * All that leaves the queue of one of its jobs: ids, codes and times. Whatever else a job holds, a
 * stranger may have put there.
 */
export interface QueueJob {
  /** The batch's id for a bell of ours; for anything else a name made up here. */
  readonly id: string;
  /** Absent when this is no bell of ours. */
  readonly batchId?: string | undefined;
  readonly state: QueueJobState | 'unknown';
  readonly addedAt?: Date | undefined;
  readonly startedAt?: Date | undefined;
  readonly finishedAt?: Date | undefined;
  readonly tries: number;
  readonly failure?: 'stalled' | 'failed' | undefined;
}

/** How many jobs are where. */
export interface QueueCounts {
  readonly jobs: Readonly<Record<QueueJobState, number>>;
  readonly isPaused: boolean;
}

/**
 * The queue as operators may see and touch it.
 *
 * Every function throws an AppError `unavailable` when the queue does not answer.
 */
export interface WatchedQueue {
  count(): Promise<QueueCounts>;
  /** @returns those from the `first` to the `last` in that state, newest first, both counted from 0 */
  list(state: QueueJobState, range: { first: number; last: number }): Promise<QueueJob[]>;
  find(id: string): Promise<QueueJob | undefined>;
  /** Lets a job that has finished or failed wait again; false when it has done neither. */
  retry(id: string): Promise<boolean>;
  /** False when it is gone, or something holds it. */
  remove(id: string): Promise<boolean>;
}
