import type { Channel, Mode } from './channel.ts';
import type { Lane } from './lane.ts';
import type { ReminderState } from './reminder.ts';

/** What one organisation has due in a lane and nobody has taken, counted up to `dueCountMax`. */
export interface DueInLane extends Lane {
  readonly organisationId: string;
  readonly count: number;
  readonly oldestAgeS: number;
}

/** Of each organisation and lane; `count_due_reminders` of the database stops there. */
export const dueCountMax = 10_000;

/** What waits for a person or for certainty: dead letters, and sends whose outcome is not known. */
export interface HeldGroup extends Lane {
  readonly state: 'failed' | 'uncertain';
  readonly organisationId: string;
  /** Empty where none was given. */
  readonly code: string;
  readonly count: number;
  /** Since the state was entered. */
  readonly oldestAgeS: number;
  /** The end of the soonest one's use. */
  readonly soonestDeadline: Date;
}

/** What a process has in hand. */
export interface InHand extends Lane {
  readonly state: Extract<ReminderState, 'queued' | 'sending'>;
  readonly count: number;
  /** Since it was due. */
  readonly oldestAgeS: number;
}

/** How much is owed, late or held, over all organisations. */
export interface QueueMeasures {
  readonly due: readonly DueInLane[];
  readonly held: readonly HeldGroup[];
  readonly inHand: readonly InHand[];
  /** Counted while they are few; beyond that what the database estimates. */
  readonly scheduledEstimate: number;
  readonly openBatches: number;
  readonly activePauses: number;
  /** Factors that are locked, of appointments that are still to come. */
  readonly lockOuts: number;
}

/** When a duty was last known to be alive, over all processes that have it. */
export interface Heartbeat {
  readonly name: string;
  readonly ageS: number;
  /** Processes heard of lately. */
  readonly liveCount: number;
}

/** What the last proof of the ledger found. */
export interface LedgerState {
  readonly brokenCount: number;
  /** Null: there was none yet. */
  readonly provedAt: Date | null;
}

/** What became of reminders since the beginning. None of it ever goes down. */
export interface RunningTotals {
  readonly steps: readonly { mode: Mode; channel: Channel; to: ReminderState; count: number }[];
  readonly handOvers: readonly {
    mode: Mode;
    transport: string;
    outcome: string;
    code: string;
    count: number;
  }[];
  /** `withinCounts`: how many were at most as late as each of `latenessBoundsS`. */
  readonly lateness: readonly {
    mode: Mode;
    channel: Channel;
    count: number;
    sumS: number;
    withinCounts: readonly number[];
  }[];
  readonly optOuts: number;
}
