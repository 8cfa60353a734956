import type { Channel } from './channel.ts';
import type { Lane } from './lane.ts';
import type { NewReminder } from './put-facts.ts';

/** A lane of an organisation in which something has waited for longer than it should. */
export interface LaneBehind extends Lane {
  /** How long the first has been due. */
  readonly behindMs: number;
  /** Its provider is found down, so that what has another link goes on by that. */
  readonly isHeldUp: boolean;
}

/** A lane that is behind by less is not called so: bursts pass. */
export const behindLeastMs = 60_000;
/** What is due later says nothing of today: by then it may be over. */
const aheadMaxMs = 60 * 60_000;
/** A backlog grows while it is worked off, and who is away comes back after as long again. */
const asLongAgain = 2;

/** Whether a reminder is due so soon that it matters whether its lane is behind now. */
export function isDueSoon({ sendAt, skipped }: NewReminder, now: Temporal.Instant): boolean {
  return !skipped && sendAt.epochMilliseconds <= now.epochMilliseconds + aheadMaxMs;
}

/**
 * Whether a new reminder would come to its end before its lane gets to it: it is due soon, and of use for
 * less than twice as long as the lane is behind.
 *
 * @param input.behind of its organisation and mode
 * @param input.linkChannels that it has a link for
 */
export function comesTooLate(
  reminder: NewReminder,
  input: {
    now: Temporal.Instant;
    behind: readonly LaneBehind[];
    linkChannels: readonly Channel[];
  },
): boolean {
  const { now, behind, linkChannels } = input;
  const laneOf = (channel: Channel) => behind.find((lane) => lane.channel === channel);
  const lane = laneOf(reminder.channel);
  if (!lane || !isDueSoon(reminder, now)) return false;
  if (lane.isHeldUp && linkChannels.some((channel) => !laneOf(channel))) return false;
  const leftMs = reminder.notAfter.epochMilliseconds - now.epochMilliseconds;
  return leftMs < asLongAgain * lane.behindMs;
}
