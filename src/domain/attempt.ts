import type { Channel } from './channel.ts';
import { canTransition, finalStates, type ReminderState } from './reminder.ts';

/** Asked for while a send was in the air; carried out on the way back. */
export type PendingEnd = 'cancelled' | 'superseded' | 'erased';

/** What the provider says later, weakest first: a word never takes back a stronger one. */
export const receiptStates = ['sent', 'undelivered', 'delivered'] as const;
export type ReceiptState = (typeof receiptStates)[number];

/** What has become known of one attempt. */
export type AttemptWord =
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'refused';
      readonly permanent: boolean;
      readonly reason: string;
      /** Absent: there is no further try. */
      readonly retryInMs?: number | undefined;
    }
  | { readonly kind: 'uncertain'; readonly reason: string }
  | {
      readonly kind: 'receipt';
      readonly state: ReceiptState;
      readonly reason?: string | undefined;
    };

/** A reminder as it stands under its row lock. */
export interface ReminderInAttempt {
  readonly state: ReminderState;
  readonly pendingEnd: PendingEnd | null;
  /** Whether the word is about its newest attempt. */
  readonly newest: boolean;
  readonly possiblySent: boolean;
  /** The strongest that the provider has said of this attempt so far. */
  readonly receiptState: ReceiptState | null;
  /** Another channel whose link nobody has tried and that there is still time for. */
  readonly otherChannel: Channel | undefined;
}

/** What becomes of the reminder. `to` may be the state it has: then only flags change. */
export interface ReminderStep {
  readonly to: ReminderState;
  readonly reason?: string | undefined;
  /** When it is next to be taken; of a step to `scheduled` alone. */
  readonly dueInMs?: number | undefined;
  readonly possiblySent?: boolean;
  /** What it goes on from here. */
  readonly channel?: Channel | undefined;
  /** What comes next may be a second copy. */
  readonly possibleDuplicate?: boolean | undefined;
}

/**
 * What a word about an attempt does to its reminder, whenever the word comes.
 *
 * Proof that a message went out holds for any attempt, however old. A refusal, or not knowing, says
 * something of the reminder only while that attempt is its newest. An end that was asked for in the
 * meantime takes the place of another try, a failure or doubt; what was accepted is `sent` all the
 * same. What certainly did not arrive goes to the other channel, where there is one.
 * States that stay keep their name and learn that a message may have been seen.
 *
 * @returns undefined when nothing changes
 */
export function reminderAfter(
  reminder: ReminderInAttempt,
  word: AttemptWord,
): ReminderStep | undefined {
  switch (word.kind) {
    case 'accepted':
      return afterProof(reminder, 'sent');
    case 'receipt':
      return afterProof(reminder, word.state, word.reason);
    case 'refused':
      return afterRefusal(reminder, word);
    case 'uncertain': {
      if (!reminder.newest || reminder.state !== 'sending') return undefined;
      const { reason } = word;
      return reminder.pendingEnd
        ? { to: reminder.pendingEnd, reason, possiblySent: true }
        : { to: 'uncertain', reason };
    }
  }
}

function afterProof(
  reminder: ReminderInAttempt,
  proof: ReceiptState,
  reason?: string,
): ReminderStep | undefined {
  if (finalStates.includes(reminder.state)) {
    return reminder.possiblySent ? undefined : { to: reminder.state, possiblySent: true };
  }
  // An older copy that did not arrive says nothing about the newest one.
  if (proof === 'undelivered' && !reminder.newest) return undefined;
  // Our own record, or an earlier word, may come last: it must not call off what goes out instead.
  if (proof === 'sent' && reminder.receiptState === 'undelivered') return undefined;
  // Who said stop is not written to elsewhere instead.
  if (proof === 'undelivered' && reason !== 'opted_out' && canFallBack(reminder)) {
    // Receipts contradict each other at times: what was called undelivered may have been read.
    return { ...onOther(reminder, reason), possibleDuplicate: true };
  }
  return canTransition(reminder.state, proof) ? { to: proof, reason } : undefined;
}

function afterRefusal(
  reminder: ReminderInAttempt,
  word: Extract<AttemptWord, { kind: 'refused' }>,
): ReminderStep | undefined {
  const { state, newest, pendingEnd } = reminder;
  if (!newest || (state !== 'sending' && state !== 'uncertain')) return undefined;
  const { reason } = word;
  if (pendingEnd) return { to: pendingEnd, reason };
  // Who said stop is not written to elsewhere instead.
  if (reason === 'opted_out') {
    return { to: canTransition(state, 'suppressed') ? 'suppressed' : 'failed', reason };
  }
  const isOver = word.permanent || word.retryInMs === undefined;
  if (isOver && reminder.otherChannel) return onOther(reminder, reason);
  if (isOver) return { to: 'failed', reason };
  return { to: 'scheduled', reason, dueInMs: word.retryInMs };
}

const goneOut: readonly ReminderState[] = ['sending', 'uncertain', 'sent', 'undelivered'];

/** A message that went out and did not arrive, of a reminder that nobody has ended. */
function canFallBack({ state, otherChannel, pendingEnd }: ReminderInAttempt): boolean {
  return otherChannel !== undefined && pendingEnd === null && goneOut.includes(state);
}

function onOther({ otherChannel }: ReminderInAttempt, reason: string | undefined): ReminderStep {
  return { to: 'scheduled', reason, dueInMs: 0, channel: otherChannel };
}

/** Settled for good: what was sealed for sending serves nothing any more. */
export const settledStates: readonly ReminderState[] = [...finalStates, 'delivered', 'undelivered'];
