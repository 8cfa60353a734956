import type { PendingEnd, ReminderStep } from './attempt.ts';
import type { Organisation } from './organisation.ts';

/** What was seen of a send in doubt, beside proof that it was accepted, which needs no decision. */
export type DoubtSight =
  /** The provider's whole list does not hold it. */
  | { readonly kind: 'absent' }
  /** Nobody can look: the provider offers nothing to look at, or what to look for is gone. */
  | { readonly kind: 'blind' }
  /** Messages that may be it and that the provider shows without their text. */
  | { readonly kind: 'textless'; readonly count: number }
  /** More to look through than is looked through. */
  | { readonly kind: 'endless' }
  | { readonly kind: 'unanswered' };

export interface Doubt {
  readonly sight: DoubtSight;
  readonly policy: Organisation['uncertainPolicy'];
  /** How long it had been in doubt when the look began. */
  readonly ageMs: number;
  /** The least time before anything is sent again. */
  readonly windowMs: number;
  readonly untilNotAfterMs: number;
  /** Positive only for what a restore doubted though its time had hardly come. */
  readonly untilSendAtMs: number;
  /** With less left than this, a provider is handed nothing. */
  readonly leastValidityMs: number;
  /** An earlier attempt is in doubt too: the one that may be sent again has been. */
  readonly isSecond: boolean;
  /** Asked for meanwhile. */
  readonly pendingEnd: PendingEnd | null;
}

export type DoubtDecision =
  | { readonly kind: 'wait'; readonly nextInMs: number }
  | { readonly kind: 'step'; readonly step: ReminderStep };

/**
 * What becomes of a send that was not found.
 *
 * Nothing is sent again before the window is over, nor on the word of a provider that did not
 * answer, nor a second time. What is sent again is flagged, and so is what is held: the first copy
 * may have gone out. Where a message might be ours and another might be too, a person must look.
 */
export function decideDoubt(doubt: Doubt): DoubtDecision {
  const { sight, ageMs, windowMs, pendingEnd } = doubt;
  if (pendingEnd) return step({ to: pendingEnd, possiblySent: true });
  if (sight.kind === 'unanswered') return { kind: 'wait', nextInMs: patienceMs(ageMs) };
  if (ageMs < windowMs) return { kind: 'wait', nextInMs: nextLookInMs({ ageMs, windowMs }) };
  const isUnclear = sight.kind === 'endless' || (sight.kind === 'textless' && sight.count > 1);
  if (isUnclear || doubt.isSecond || doubt.policy === 'hold') {
    return step({ to: 'failed', reason: 'held_uncertain', possiblySent: true });
  }
  // Its time ends it, flagged, before a provider would take it.
  if (doubt.untilNotAfterMs < doubt.leastValidityMs) return { kind: 'wait', nextInMs: longestMs };
  const reason = sight.kind === 'absent' ? 'not_found' : 'not_settled';
  return step({
    ...{ to: 'scheduled', reason, dueInMs: Math.max(0, doubt.untilSendAtMs) },
    ...{ possibleDuplicate: true, possiblySent: true },
  });
}

function step(taken: ReminderStep): DoubtDecision {
  return { kind: 'step', step: taken };
}

/** Looks at these parts of the window: of 15 minutes, after 1, 5 and 15. */
const lookParts = [1 / 15, 1 / 3, 1];
const leastMs = 1_000;
const shortestMs = 15_000;
const longestMs = 300_000;

/** How long after it came into doubt a send is first looked for: at once it would be seen nowhere. */
export function firstLookMs(windowMs: number): number {
  return windowMs / 15;
}

/** Until the next look within the window. */
export function nextLookInMs({ ageMs, windowMs }: { ageMs: number; windowMs: number }): number {
  const next = lookParts.map((part) => part * windowMs).find((at) => at > ageMs) ?? windowMs;
  return Math.max(leastMs, Math.ceil(next - ageMs));
}

/** Until a provider that did not answer is asked again: the longer it is away, the seldomer. */
function patienceMs(ageMs: number): number {
  return Math.min(Math.max(ageMs / 4, shortestMs), longestMs);
}

/**
 * The window of one transport: as long as is wished, yet never before its list must show what it
 * took, nor before the process that sent can certainly send no more.
 */
export function settleWindowMs(times: {
  wantedMs: number;
  lagMs: number;
  leaseMs: number;
  sendTimeoutMs: number;
}): number {
  return Math.max(times.wantedMs, times.lagMs, times.leaseMs + times.sendTimeoutMs);
}

/** An attempt whose outcome nobody knows, and one message that the provider shows. */
export interface OpenAttempt {
  readonly attemptId: string;
  readonly startedAtMs: number;
}
export interface SeenCopy {
  readonly providerId: string;
  readonly createdAtMs: number;
}

/**
 * Gives each message that holds the link to an attempt, the newest message to the newest attempt that
 * was made before it. Where clocks differ so much that no attempt is old enough, the oldest takes it:
 * that it went out is certain.
 *
 * @returns the pairs, and the messages that are left over: copies that no attempt accounts for
 */
export function pairCopies<Attempt extends OpenAttempt, Copy extends SeenCopy>(
  attempts: readonly Attempt[],
  copies: readonly Copy[],
): { pairs: { attempt: Attempt; copy: Copy }[]; left: Copy[] } {
  const open = attempts.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
  const pairs: { attempt: Attempt; copy: Copy }[] = [];
  const left: Copy[] = [];
  const ordered = copies.toSorted((one, other) => other.createdAtMs - one.createdAtMs);
  for (const copy of ordered) {
    const at = open.findLastIndex(({ startedAtMs }) => startedAtMs <= copy.createdAtMs);
    const [attempt] = open.splice(Math.max(at, 0), 1);
    if (attempt) pairs.push({ attempt, copy });
    else left.push(copy);
  }
  return { pairs, left };
}
