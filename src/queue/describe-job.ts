import type { Job } from 'bullmq';
import { type QueueJob, queueJobStates } from '../domain/queue-job.ts';
import { readBell } from './bell.ts';

/** BullMQ's own words for a job whose worker was lost twice. */
const stalled = 'job stalled more than allowable limit';
/** A number that is no time of ours may be somebody's. */
const earliest = Date.UTC(2025, 0);
const aheadMaxMs = 60 * 60_000;
const triesMax = 1_000;

type JobFacts = Pick<
  Job,
  'data' | 'timestamp' | 'processedOn' | 'finishedOn' | 'attemptsMade' | 'failedReason'
>;

/**
 * Reduces a job to ids, codes and times, whoever put it there.
 *
 * @param job undefined when it is not even JSON
 * @param id as it may be shown
 */
export function describeJob({
  job,
  state,
  id,
}: {
  job: JobFacts | undefined;
  state: string;
  id: string;
}): QueueJob {
  const batchId = readBell(job?.data)?.batch;
  return {
    id,
    batchId: batchId === id ? batchId : undefined,
    state: queueJobStates.find((known) => known === state) ?? 'unknown',
    addedAt: readTime(job?.timestamp),
    startedAt: readTime(job?.processedOn),
    finishedAt: readTime(job?.finishedOn),
    tries: readTries(job?.attemptsMade),
    failure: readFailure(job?.failedReason),
  };
}

function readTime(value: unknown): Date | undefined {
  const isOurs = typeof value === 'number' && value >= earliest && value <= Date.now() + aheadMaxMs;
  return isOurs ? new Date(value) : undefined;
}

function readTries(value: unknown): number {
  const isOurs = typeof value === 'number' && Number.isInteger(value) && value >= 0;
  return isOurs ? Math.min(value, triesMax) : 0;
}

function readFailure(reason: unknown): QueueJob['failure'] {
  if (!reason) return undefined;
  return reason === stalled ? 'stalled' : 'failed';
}
