import { randomBytes, randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { leastValidityMs } from '../../config/retry.ts';
import type { Channel } from '../domain/channel.ts';
import {
  type DoubtSight,
  decideDoubt,
  firstLookMs,
  pairCopies,
  settleWindowMs,
} from '../domain/doubt.ts';
import type { Lane } from '../domain/lane.ts';
import type { Database } from '../store/database.ts';
import { writeReminderSteps } from '../store/reminder-steps.ts';
import {
  insertLostAttempts,
  lockDoubt,
  postponeLook,
  type TakenDoubt,
  takeDoubts,
  takeLateDoubts,
} from '../store/uncertain.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { SeenMessage } from '../transport/transport.ts';
import { type CopiesSeen, type LookForDeps, lookForCopies } from './look-for-copies.ts';
import type { TellAlarm } from './raise-alarms.ts';
import { type DeliveryReceipt, recordDeliveryReceipts } from './record-delivery-receipt.ts';
import type { Route, RouteOf } from './routes.ts';

export interface SettleDeps extends Omit<LookForDeps, 'database'> {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly routeOf: RouteOf;
  readonly settleWindowMs: number;
  readonly onAlarm: TellAlarm;
  readonly log: Log;
  /** Aborted when the process is to end: nothing new is looked for. */
  readonly stopping?: AbortSignal;
}

/** Looked for at once, by one process in one lane. */
const looksMax = 8;
const roundsMax = 20;
/** Longer than a look may take: four pages, each within the time of a send. */
const lookLeaseMs = 5 * limits.sendTimeoutMs;

/**
 * Settles sends whose outcome nobody knows, of one lane.
 *
 * Each is looked for at the provider, several times within a window. What is found is `sent`, and what
 * the provider says of it is taken over; what is not is sent once more, flagged, or held for a person,
 * as its organisation wants. A receipt may settle it at any moment in between. Nothing is held in the
 * database while the provider answers; one reminder is looked for by one process at a time, and a
 * process that dies leaves it to the next.
 *
 * @returns how many were looked for
 */
export async function settleUncertain(deps: SettleDeps, lane: Lane): Promise<number> {
  const route = deps.routeOf(lane);
  if (!route) return 0;
  const windowMs = windowOf(deps, route);
  let total = 0;
  for (let round = 0; round < roundsMax && deps.stopping?.aborted !== true; round += 1) {
    const countMax = looksAllowed(route);
    if (countMax === 0) break;
    const input = {
      ...lane,
      ...{ firstLookMs: firstLookMs(windowMs), leaseMs: lookLeaseMs, countMax },
    };
    const taken = await deps.database.transaction([], (connection) =>
      takeDoubts(connection, input),
    );
    total += taken.length;
    const answered = await Promise.all(
      taken.map((doubt) => settleOne(deps, { doubt, route, windowMs, channel: lane.channel })),
    );
    // Whoever did not answer one is not asked for the next at once.
    if (taken.length < looksMax || answered.includes(false)) break;
  }
  return total;
}

/** Raises the alarm for what is still in doubt when half of its time has gone by. */
export async function watchDoubts(deps: Pick<SettleDeps, 'database' | 'onAlarm'>): Promise<number> {
  const late = await deps.database.transaction([], takeLateDoubts);
  if (late.length > 0) {
    deps.onAlarm({ code: 'uncertain_unsettled', count: late.length, reminderIds: late });
  }
  return late.length;
}

function windowOf({ settleWindowMs: wantedMs }: SettleDeps, { transport }: Route): number {
  const { idempotency } = transport;
  return settleWindowMs({
    wantedMs,
    lagMs: idempotency.kind === 'lookup' ? idempotency.lagMs : 0,
    leaseMs: limits.batchLeaseMs,
    sendTimeoutMs: limits.sendTimeoutMs,
  });
}

/** A provider that is found down is not asked; while it is being tried, one question is enough. */
function looksAllowed({ transport, breaker }: Route): number {
  if (transport.idempotency.kind === 'none') return looksMax;
  const allowed = breaker.allows();
  if (allowed === 'none') return 0;
  return allowed === 'one' ? 1 : looksMax;
}

interface Look {
  readonly channel: Channel;
  readonly doubt: TakenDoubt;
  readonly route: Route;
  readonly windowMs: number;
}

/** @returns false when the provider did not answer, or what it said could not be stored */
async function settleOne(
  deps: SettleDeps,
  { doubt, route, windowMs, channel }: Look,
): Promise<boolean> {
  const { reminderId } = doubt;
  try {
    const seen = await lookForCopies(deps, { doubt, route });
    if (seen.found.length > 0) await recordFound(deps, { doubt, route, channel }, seen);
    else await recordMissing(deps, { doubt, sight: seen.sight, windowMs });
    return seen.sight.kind !== 'unanswered';
  } catch (error) {
    // The lease brings it back.
    deps.log.warn('a send in doubt could not be settled', { ...errorFacts(error), reminderId });
    return false;
  }
}

/** Proof holds whenever it comes, whatever has become of the reminder in the meantime. */
async function recordFound(
  deps: SettleDeps,
  { doubt, route, channel }: Omit<Look, 'windowMs'>,
  { found, attempts, settled }: CopiesSeen,
): Promise<void> {
  const { reminderId } = doubt;
  const { pairs, left } = pairCopies(attempts, found);
  const receipts = [...settled, ...pairs].map(({ attempt: { token }, copy }) => ({
    ...{ ...copy, token, channel },
  }));
  const lost = doubt.restored ? await recallAttempts(deps, { doubt, route, channel }, left) : [];
  const isTwice = doubt.restored ? found.length > 1 : left.length > 0;
  // First: once it is recorded, it is settled, and nobody looks again.
  if (left.length > lost.length) {
    await deps.onAlarm({
      code: 'copies_unexplained',
      count: left.length - lost.length,
      reminderIds: [reminderId],
    });
  }
  await recordDeliveryReceipts(deps, [...receipts, ...lost], { possibleDuplicate: isTwice });
}

/**
 * Writes down the attempts that messages prove and that a restored database knows nothing of.
 *
 * @returns what the provider says of each; nothing when somebody else looks by now
 */
async function recallAttempts(
  { database }: SettleDeps,
  { doubt, route, channel }: Omit<Look, 'windowMs'>,
  copies: readonly SeenMessage[],
): Promise<DeliveryReceipt[]> {
  if (copies.length === 0) return [];
  const attempts = copies.map((copy) => ({
    copy,
    ...{ id: randomUUID(), token: randomBytes(16), startedAtMs: copy.createdAtMs },
  }));
  const isWritten = await database.transaction([], (connection) =>
    insertLostAttempts(connection, {
      ...doubt,
      transport: route.transport.name,
      linkId: doubt.restored?.links.at(-1)?.id ?? null,
      attempts,
    }),
  );
  return isWritten ? attempts.map(({ copy, token }) => ({ ...copy, token, channel })) : [];
}

async function recordMissing(
  deps: SettleDeps,
  { doubt, sight, windowMs }: { doubt: TakenDoubt; sight: DoubtSight; windowMs: number },
): Promise<void> {
  const { reminderId, ageMs } = doubt;
  await deps.database.transaction([], async (connection) => {
    const locked = await lockDoubt(connection, doubt);
    if (!locked) return;
    const decision = decideDoubt({ ...locked, sight, ageMs, windowMs, leastValidityMs });
    if (decision.kind === 'wait') {
      await postponeLook(connection, { reminderId, nextInMs: decision.nextInMs });
    } else {
      await writeReminderSteps(connection, [{ ...decision.step, reminderId, from: 'uncertain' }]);
    }
  });
}
