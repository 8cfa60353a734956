import { limits } from '../../config/limits.ts';
import { isCanary } from '../domain/canary-branch.ts';
import { type Lane, laneKey } from '../domain/lane.ts';
import type { Database } from '../store/database.ts';
import { loadQueuedBatch, type QueuedReminder } from '../store/dispatch.ts';
import { endQueued } from './end-queued.ts';
import { type OpenBatchDeps, openBatch } from './open-batch.ts';
import type { OpenedReminder } from './open-reminder.ts';
import type { Route, RouteOf } from './routes.ts';
import { type BatchRun, released, type SendDeps, sendSlice } from './send-slice.ts';
import type { SenderPace } from './sender-pace.ts';

export interface DispatchDeps extends OpenBatchDeps, SendDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly routeOf: RouteOf;
  /** Milliseconds that only go forward. */
  readonly monotonicMs?: () => number;
  /** Whether this process finds a lane's provider down and another one does not; false where it is absent. */
  readonly areOthersWell?: (lane: Lane) => boolean;
  /** Aborted when the process is to end: nothing new is begun. */
  readonly stopping?: AbortSignal;
}

const noRouteWaitMs = 30_000;
/** Codes may be ahead for ten seconds, and a slow sender's message takes another ten; well under a lease. */
const momentWaitMs = 30_000;

/**
 * Sends what is left of a batch, each reminder at most once.
 *
 * A bell may come twice, late, or for a batch that somebody else has: what may be sent is decided by
 * the commit that writes the intent, and by nothing else. Nothing is thrown for a single reminder.
 *
 * @throws when the database is away before anything was begun; the lease brings the batch back
 */
export async function dispatchBatch(deps: DispatchDeps, batchId: string): Promise<void> {
  const clock = deps.monotonicMs ?? (() => performance.now());
  const claimedAtMs = clock();
  const queued = await loadQueuedBatch(deps.database, batchId);
  // A batch is of one lane. Were it not, what belongs apart is kept apart all the same.
  for (const ofLane of Map.groupBy(queued, routeKey).values()) {
    const leaseLeftMs = Math.min(...ofLane.map((reminder) => reminder.leaseLeftMs));
    const deadlineMs = claimedAtMs + leaseLeftMs - limits.leaseMarginMs;
    const isOver = () => deps.stopping?.aborted === true || clock() >= deadlineMs;
    const route = ofLane[0] && deps.routeOf(ofLane[0]);
    if (route) await sendAll(deps, { batchId, route, clock, claimedAtMs, isOver }, ofLane);
    else await giveBackUnrouted(deps, batchId, ofLane);
  }
}

/** Of one lane, and all or none of it the canary's. */
function routeKey(reminder: QueuedReminder): string {
  return isCanary(reminder) ? `${laneKey(reminder)} canary` : laneKey(reminder);
}

/** Opens what is queued and sends it in slices, as the breaker, the slots and the time allow. */
async function sendAll(
  deps: DispatchDeps,
  run: BatchRun,
  queued: readonly QueuedReminder[],
): Promise<void> {
  const { batchId, route, isOver } = run;
  const { opened: left, ended } = await openBatch(deps, queued);
  await endQueued(deps, { batchId, ends: ended });
  const sends: Promise<void>[] = [];
  while (left.length > 0 && !isOver()) {
    const allowed = route.breaker.allows();
    if (allowed === 'none') break;
    const taken = await route.slots.take(allowed === 'one' ? 1 : left.length);
    if (isOver()) {
      route.slots.give(taken);
      break;
    }
    const slice = left.splice(0, taken);
    const { pace } = route;
    const sent = pace ? sendPaced(deps, run, { pace, slice }) : sendSlice(deps, run, slice);
    sends.push(sent);
    // One probe decides whether the rest may follow.
    if (allowed === 'one') await sent;
  }
  await giveBack(deps, run, left);
  await Promise.all(sends);
}

/** Each at its own moment, and its intent not much before. */
async function sendPaced(
  deps: DispatchDeps,
  run: BatchRun,
  { pace, slice }: { pace: SenderPace; slice: readonly OpenedReminder[] },
): Promise<void> {
  const { isOver, route } = run;
  const send = async (opened: OpenedReminder) => {
    const moment = await pace.nearMoment({ withinMs: momentWaitMs });
    if (moment && !isOver()) return sendSlice(deps, { ...run, paced: { pace, moment } }, [opened]);
    route.slots.give(1);
    return giveBack(deps, run, [opened]);
  };
  await Promise.all(slice.map(send));
}

/** At once where anybody can send it; else for as long as the provider is left alone. */
async function giveBack(
  deps: DispatchDeps,
  { batchId, route }: { batchId: string; route: Route },
  left: readonly OpenedReminder[],
): Promise<void> {
  const [first] = left;
  if (!first) return;
  const canGo = route.breaker.allows() === 'all' || deps.areOthersWell?.(first.reminder);
  const dueInMs = canGo ? undefined : route.breaker.waitMs();
  await endQueued(deps, { batchId, ends: left.map((opened) => released(opened, dueInMs)) });
}

/** Of a channel that this process does not send on: its settings differ from the feeder's. */
async function giveBackUnrouted(
  deps: DispatchDeps,
  batchId: string,
  queued: readonly QueuedReminder[],
): Promise<void> {
  const [first] = queued;
  deps.log.error('a batch has no route', { batchId, channel: first?.channel ?? '' });
  const ends = queued.map(({ reminderId }) => ({
    reminderId,
    to: 'scheduled' as const,
    reason: 'no_route',
    dueInMs: noRouteWaitMs,
  }));
  await endQueued(deps, { batchId, ends });
}
