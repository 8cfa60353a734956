import { randomUUIDv7 } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { Channel } from '../domain/channel.ts';
import type { Lane } from '../domain/lane.ts';
import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import {
  type DueOrganisation,
  listDueOrganisations,
  lockDueReminders,
  type NewBatch,
  queueBatches,
} from '../store/feed.ts';
import { type LaneLoad, type LoadReading, readLaneLoad } from '../store/lane-load.ts';

/** What one worker is sure to take before the leases end, with a provider that answers in time. */
const outstandingPerWorker = 1_000;
/** Likewise, where each has just sent a thousand within ten seconds: it is never out of work then. */
const outstandingPerQuickWorker = 2_000;
const outstandingMax = 10_000;
/** What waits in hand is taken up in about this time, so that who is fed next waits no longer. */
const waitingMs = 2_000;
/** From here on a worker is slower than was thought. */
const slowFromMs = waitingMs / 2;
/**
 * What the sockets of a worker are thought to send in that time, with answers after a tenth of a second, and
 * what they get however slow they are found: enough for answers after one.
 */
const thoughtQuick: Record<Channel, number> = { sms: 640, email: 160 };
const foundSlow: Record<Channel, number> = { sms: 64, email: 16 };
/** In one transaction, so that workers begin with the first while the next are taken. */
const takenAtOnceMax = 500;
/** What is shared out among workers is not cut up smaller than this. */
const batchSizeLeast = 100;
const windowMs = 10_000;
const tickMs = 1_000;
/** What one tick that came late makes up for. */
const lateTickMs = 2_000;
/** With the provider down, one reminder in so long is let through to find out. */
const probeEveryMs = 5_000;
/** What is in hand is counted so often from where it was found to begin: leases begin and end in one order. */
const countsFromFirst = 10;
/** Who has something due is not asked again for so long, while it is more than may be taken. */
const listedForMs = 250;
const nobody = '00000000-0000-0000-0000-000000000000';

/** Where the feeder of one lane goes on; an organisation that was served last waits longest. */
export interface FeedCursor {
  lastOrganisationId: string;
  /** The last load that left room for a whole transaction. */
  counted: LoadReading | undefined;
  /** Where what is in hand begins, for as many counts as are left until one goes through all of it. */
  inHand: { readonly leasesFromMs: number; readonly countsLeft: number } | undefined;
  /** All organisations with something due, where they had more than was taken. */
  listed: DueList | undefined;
}

interface DueList {
  readonly organisations: readonly DueOrganisation[];
  /** By the server's clock. */
  readonly atMs: number;
}

export function newFeedCursor(): FeedCursor {
  return { lastOrganisationId: nobody, counted: undefined, inHand: undefined, listed: undefined };
}

interface Sending {
  readonly lane: Lane;
  readonly perSecond: number;
}

/** What a feeding came to, and what the next one waits for. */
export interface Fed {
  readonly count: number;
  readonly again: 'no' | 'now' | 'soon';
  readonly dueInMs: number | undefined;
}

/**
 * Takes reminders of one lane that are due into batches under a lease, and rings for each after the
 * commit.
 *
 * A lane has its own rate, room and place to go on: a flood of test messages delays no live one, and
 * a mail server that is down holds up no SMS. Within it, organisations take turns, one reminder each, so that a large one cannot starve a small one. How
 * many are taken is bounded by the sender's rate and by what is on its way already, so that what is due
 * next, of whomever, is taken up about two seconds later, and a pause finds little under way. A bell that
 * is lost costs time and nothing else. Two that feed at once are safe: the second finds the lock held.
 *
 * @returns how many reminders were taken, and when more may be taken than by the next round: `now` if
 *   only the size of a transaction was the bound, `soon` if it was the room that workers have; if all
 *   that is due was taken, in how many milliseconds the next one is due, where that is before the round
 * @throws {AppError} `unavailable` when the database is away
 */
export async function feedDueReminders(
  deps: { database: Pick<Database, 'transaction'>; ring: (batchId: string) => void },
  input: Sending & { cursor: FeedCursor; allowedMax?: number },
): Promise<Fed> {
  const { lane, cursor } = input;
  let dueInMs: number | undefined;
  let allowance = 0;
  let bound: 'no' | 'now' | 'soon' = 'no';
  const batches = await deps.database.transaction([], async (connection): Promise<NewBatch[]> => {
    if (!(await tryDuty(connection, `feed ${lane.channel} ${lane.mode}`))) return [];
    const load = await readLoad(connection, input);
    const room = roomOf(load, input);
    const allowed = Math.min(allowanceOf(load, input), input.allowedMax ?? Infinity);
    allowance = Math.min(allowed, takenAtOnceMax);
    if (allowance < allowed) bound = 'now';
    else if (allowance === room) bound = 'soon';
    if (allowance < 1) return [];
    const take = (organisations: readonly DueOrganisation[]) =>
      lockDueReminders(connection, {
        ...{ ...lane, organisations, countMax: allowance },
        lookAt: Math.max(16, Math.ceil(allowance / organisations.length) * 4),
      });
    const known = listedBefore(cursor, { allowance, atMs: load.readAtMs });
    let reminderIds = known ? await take(known.organisations) : [];
    if (reminderIds.length < allowance) {
      cursor.listed = undefined;
      const { organisations, soonestInMs } = await listDueOrganisations(connection, {
        ...{ ...lane, after: cursor.lastOrganisationId },
        ...{ countMax: allowance, withinMs: tickMs },
      });
      reminderIds = organisations.length > 0 ? await take(organisations) : [];
      cursor.lastOrganisationId = organisations.at(-1)?.id ?? nobody;
      if (reminderIds.length < allowance) dueInMs = soonestInMs;
      else if (organisations.length < allowance) {
        cursor.listed = { organisations, atMs: load.readAtMs };
      }
    }
    const taken = inBatches(reminderIds, soundWorkers(load));
    if (taken.length > 0) {
      await queueBatches(connection, { ...lane, leaseMs: limits.batchLeaseMs, batches: taken });
    }
    return taken;
  });
  for (const { id } of batches) deps.ring(id);
  const count = batches.reduce((sum, { reminderIds }) => sum + reminderIds.length, 0);
  return { count, again: count === allowance ? bound : 'no', dueInMs };
}

/** Who had something due a moment ago, where that was everybody and one of each may be taken. */
function listedBefore(
  { listed }: FeedCursor,
  { allowance, atMs }: { allowance: number; atMs: number },
): DueList | undefined {
  if (!listed || listed.organisations.length >= allowance) return undefined;
  const passedMs = atMs - listed.atMs;
  return passedMs >= 0 && passedMs < listedForMs ? listed : undefined;
}

/**
 * The load of a lane, or one that is no lighter and leaves room for a whole transaction: what is in hand grows
 * by feeding alone, so it is not counted each time.
 */
async function readLoad(
  connection: Connection,
  { cursor, ...sending }: Sending & { cursor: FeedCursor },
): Promise<LoadReading> {
  const windowMs = rateWindowMs(sending.perSecond);
  const read = (since: { countedAtMs?: number; leasesFromMs?: number | undefined }) =>
    readLaneLoad(connection, {
      ...{ ...sending.lane, ...since, windowMs },
      ...{ countMax: outstandingMax, leaseMs: limits.batchLeaseMs },
    });
  const isRoomy = (load: LaneLoad) => allowanceOf(load, sending) >= takenAtOnceMax;
  const { counted } = cursor;
  if (counted) {
    const since = await read({ countedAtMs: counted.readAtMs });
    const passedMs = since.readAtMs - counted.readAtMs;
    const heaviest = {
      ...since,
      outstanding: counted.outstanding + since.fedSince,
      waiting: counted.waiting + since.fedSince,
      waitedMs: counted.waitedMs + passedMs,
    };
    if (passedMs >= 0 && passedMs < windowMs && isRoomy(heaviest)) {
      cursor.counted = heaviest;
      return heaviest;
    }
  }
  const { leasesFromMs, countsLeft = countsFromFirst } = cursor.inHand ?? {};
  const load = await read({ leasesFromMs });
  const isMoreInHand = load.outstanding === outstandingMax;
  cursor.inHand =
    countsLeft > 0 && !isMoreInHand
      ? { leasesFromMs: load.firstLeaseUntilMs, countsLeft: countsLeft - 1 }
      : undefined;
  cursor.counted = isRoomy(load) ? load : undefined;
  return load;
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
export function allowanceOf(load: LaneLoad, sending: Sending): number {
  const { perSecond } = sending;
  if (load.paused || load.workers === 0) return 0;
  if (load.workersHeldUp >= load.workers) {
    return (load.sinceLastBatchMs ?? probeEveryMs) >= probeEveryMs ? 1 : 0;
  }
  const overWindow = Math.floor((perSecond * rateWindowMs(perSecond)) / 1_000) - load.fedInWindow;
  const sinceLastMs = Math.min(Math.max(load.sinceLastBatchMs ?? tickMs, tickMs), lateTickMs);
  const overSecond = Math.ceil((perSecond * sinceLastMs) / 1_000) - load.fedInSecond;
  return Math.max(0, Math.min(overWindow, overSecond, roomOf(load, sending)));
}

/** Those that find the provider well; while none does, one is tried as if it did. */
function soundWorkers({ workers, workersHeldUp }: LaneLoad): number {
  return Math.max(1, workers - workersHeldUp);
}

/** What workers have room for, of what is in hand and of what waits there. */
function roomOf(load: LaneLoad, { lane: { channel }, perSecond }: Sending): number {
  const workers = soundWorkers(load);
  const { outstanding, waiting, waitedMs, fedInWindow, fedInSecond } = load;
  const isQuick = fedInWindow - outstanding >= workers * outstandingPerWorker;
  const perWorker = isQuick ? outstandingPerQuickWorker : outstandingPerWorker;
  const inHand = Math.min(workers * perWorker, outstandingMax) - outstanding;
  const sentPerSecond = Math.max(
    fedInSecond - waiting,
    ((fedInWindow - outstanding) * 1_000) / rateWindowMs(perSecond),
  );
  const least = waitedMs < slowFromMs ? thoughtQuick : foundSlow;
  const inTime = Math.max(workers * least[channel], (sentPerSecond * waitingMs) / 1_000);
  const atRate = Math.max(1, (perSecond * waitingMs) / 1_000);
  return Math.max(0, Math.min(inHand, Math.floor(Math.min(inTime, atRate)) - waiting));
}

/** Large ones, for each costs as much as some rows in it, but no larger than leaves something for every worker. */
function inBatches(reminderIds: readonly string[], workers: number): NewBatch[] {
  const share = Math.max(batchSizeLeast, Math.ceil(reminderIds.length / workers));
  const size = Math.min(share, limits.batchSizeMax);
  const batches: NewBatch[] = [];
  for (let start = 0; start < reminderIds.length; start += size) {
    batches.push({ id: randomUUIDv7(), reminderIds: reminderIds.slice(start, start + size) });
  }
  return batches;
}
