import { randomUUIDv7 } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { Channel } from '../domain/channel.ts';
import type { Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import {
  type ChannelLoad,
  listDueOrganisations,
  lockDueReminders,
  type NewBatch,
  queueBatches,
  readChannelLoad,
} from '../store/feed.ts';

/** What one worker is sure to take before the leases end, with a provider that answers in time. */
const outstandingPerWorker = 1_000;
const outstandingMax = 10_000;
const windowMs = 10_000;
const tickMs = 1_000;
/** What one tick that came late makes up for. */
const lateTickMs = 2_000;
/** With the provider down, one reminder in so long is let through to find out. */
const probeEveryMs = 5_000;
const nobody = '00000000-0000-0000-0000-000000000000';

/** Where the feeder of one channel goes on; an organisation that was served last waits longest. */
export interface FeedCursor {
  lastOrganisationId: string;
}

export function newFeedCursor(): FeedCursor {
  return { lastOrganisationId: nobody };
}

/**
 * Takes reminders that are due into batches under a lease, and rings for each after the commit.
 *
 * Organisations take turns, one reminder each, so that a large one cannot starve a small one. How
 * many are taken is bounded by the sender's rate and by what is on its way already. A bell that is
 * lost costs time and nothing else. Two that feed at once are safe: the second finds the lock held.
 *
 * @returns how many reminders were taken
 * @throws {AppError} `unavailable` when the database is away
 */
export async function feedDueReminders(
  deps: { database: Pick<Database, 'transaction'>; ring: (batchId: string) => void },
  input: { channel: Channel; perSecond: number; cursor: FeedCursor; allowedMax?: number },
): Promise<number> {
  const { channel, cursor } = input;
  const batches = await deps.database.transaction([], async (connection): Promise<NewBatch[]> => {
    if (!(await tryDuty(connection, `feed ${channel}`))) return [];
    const load = await readChannelLoad(connection, {
      channel,
      windowMs: rateWindowMs(input.perSecond),
      countMax: outstandingMax,
      leaseMs: limits.batchLeaseMs,
    });
    const allowance = Math.min(allowanceOf(load, input.perSecond), input.allowedMax ?? Infinity);
    if (allowance < 1) return [];
    const organisationIds = await listDueOrganisations(connection, {
      channel,
      after: cursor.lastOrganisationId,
      countMax: allowance,
    });
    if (organisationIds.length === 0) {
      cursor.lastOrganisationId = nobody;
      return [];
    }
    const share = Math.ceil(allowance / organisationIds.length);
    const reminderIds = await lockDueReminders(connection, {
      channel,
      organisationIds,
      countMax: allowance,
      lookAt: Math.max(16, share * 4),
    });
    cursor.lastOrganisationId = organisationIds.at(-1) ?? nobody;
    const taken = inBatches(reminderIds);
    if (taken.length > 0) {
      await queueBatches(connection, { channel, leaseMs: limits.batchLeaseMs, batches: taken });
    }
    return taken;
  });
  for (const { id } of batches) deps.ring(id);
  return batches.reduce((sum, { reminderIds }) => sum + reminderIds.length, 0);
}

/** Long enough to hold at least one reminder at the slowest rate. */
function rateWindowMs(perSecond: number): number {
  return Math.max(windowMs, Math.ceil(1_000 / perSecond));
}

/**
 * How many reminders may be taken now.
 *
 * Two bounds of the rate: over the window, exactly; and over a second, so that a pause is not made
 * up for at once. Nothing is taken for workers that are not there, and next to
 * nothing while all of them find the provider down: reminders wait where they stand in order.
 */
export function allowanceOf(load: ChannelLoad, perSecond: number): number {
  if (load.paused || load.workers === 0) return 0;
  if (load.workersHeldUp >= load.workers) {
    return (load.sinceLastBatchMs ?? probeEveryMs) >= probeEveryMs ? 1 : 0;
  }
  const overWindow = Math.floor((perSecond * rateWindowMs(perSecond)) / 1_000) - load.fedInWindow;
  const sinceLastMs = Math.min(Math.max(load.sinceLastBatchMs ?? tickMs, tickMs), lateTickMs);
  const overSecond = Math.ceil((perSecond * sinceLastMs) / 1_000) - load.fedInSecond;
  const room = Math.min(load.workers * outstandingPerWorker, outstandingMax) - load.outstanding;
  return Math.max(0, Math.min(overWindow, overSecond, room));
}

function inBatches(reminderIds: readonly string[]): NewBatch[] {
  const batches: NewBatch[] = [];
  for (let start = 0; start < reminderIds.length; start += limits.batchSizeMax) {
    batches.push({
      id: randomUUIDv7(),
      reminderIds: reminderIds.slice(start, start + limits.batchSizeMax),
    });
  }
  return batches;
}
