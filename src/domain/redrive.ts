import type { Channel } from './channel.ts';
import type { ReminderState } from './reminder.ts';

/** Why a reminder cannot be sent again as it is. */
export type RedriveRefusal = 'not_failed' | 'needs_reissue' | 'too_late' | 'alone_limit';

/** What a redrive rests on, as it stands under the reminder's row lock. */
export interface RedriveFacts {
  readonly state: ReminderState;
  /** What it went out on last. */
  readonly channel: Channel;
  readonly untilNotAfterMs: number;
  /** Those whose newest link still has its parcel. */
  readonly sealedChannels: readonly Channel[];
  /** An attempt was accepted, or nobody knows what became of it. */
  readonly mayHaveArrived: boolean;
}

export type RedriveDecision =
  | { readonly kind: 'go'; readonly channel: Channel; readonly possibleDuplicate: boolean }
  | { readonly kind: 'refused'; readonly reason: RedriveRefusal };

/**
 * Whether a failed reminder may be sent again, and on which channel: the last one if it can still be
 * opened there, else the other.
 *
 * @param options.leastValidityMs time that a provider must be given to deliver
 */
export function decideRedrive(
  facts: RedriveFacts,
  { leastValidityMs }: { leastValidityMs: number },
): RedriveDecision {
  if (facts.state !== 'failed') return { kind: 'refused', reason: 'not_failed' };
  if (facts.untilNotAfterMs < leastValidityMs) return { kind: 'refused', reason: 'too_late' };
  const { channel, sealedChannels, mayHaveArrived } = facts;
  const usable = sealedChannels.includes(channel) ? channel : sealedChannels[0];
  if (usable === undefined) return { kind: 'refused', reason: 'needs_reissue' };
  return { kind: 'go', channel: usable, possibleDuplicate: mayHaveArrived };
}
