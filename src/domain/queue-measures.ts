import type { Channel } from './channel.ts';
import type { ReminderState } from './reminder.ts';

/** How much is owed, late or held, over all organisations. */
export interface QueueMeasures {
  /** Only states that something is still to happen to; the others grow for ever. */
  readonly reminders: readonly { state: ReminderState; channel: Channel; count: number }[];
  /** Of those scheduled, what should have been taken by now. */
  readonly due: readonly { channel: Channel; count: number; oldestAgeS: number }[];
  readonly openBatches: number;
  readonly activePauses: number;
}

/** When a duty was last known to be alive, over all processes that have it. */
export interface Heartbeat {
  readonly name: string;
  readonly ageS: number;
  /** Processes heard of lately. */
  readonly liveCount: number;
}
