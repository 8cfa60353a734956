import type { CanaryState } from './canary-run.ts';
import type { Channel, Mode } from './channel.ts';
import type { SilentDuty } from './duty-silence.ts';
import type { IncidentCode } from './incident.ts';
import type { HeldGroup } from './queue-measures.ts';
import type { ReminderState } from './reminder.ts';
import type { SendingVerdict } from './sending-verdict.ts';

/** What operators see first, of one mode. Ids and the names of organisations are all that it names. */
export interface Overview {
  readonly mode: Mode;
  readonly now: Date;
  /** Up to here minutes have been counted. */
  readonly measuredUntil: Date;
  readonly verdict: SendingVerdict;
  readonly due: {
    readonly count: number;
    readonly oldestAgeS: number;
    readonly organisationCount: number;
    /** Those that have waited longest; not all where they are many. */
    readonly organisations: readonly DueOrganisation[];
    readonly nextHourCount: number;
    /** Of those that are late: appointments that begin within a day. */
    readonly soonCount: number;
    /** Of those that are late: held because what was stored was not what was sent. */
    readonly mismatchCount: number;
  };
  readonly scheduledEstimate: number;
  /** Steps into each state within a day, and what is in it now where that is bounded. */
  readonly flow: readonly { state: ReminderState; count: number; openNow: number | undefined }[];
  /** Hand-overs within a day that may have been a second copy. */
  readonly duplicateCount: number;
  readonly failed: readonly HeldOfOrganisation[];
  readonly uncertain: { readonly count: number; readonly oldestAgeS: number };
  readonly lanes: readonly LaneHealth[];
  readonly workers: readonly WorkerSeen[];
  readonly silentDuties: readonly SilentDuty[];
  readonly canary: CanaryState;
  /** Of the processes that are alive; more than one while an update is under way. */
  readonly versions: readonly string[];
  readonly lateness: readonly LatenessSlot[];
  readonly pauses: readonly PauseSeen[];
  readonly optOuts: readonly { day: string; sms: number; email: number }[];
  readonly lockOuts: number;
  readonly incidents: readonly IncidentSeen[];
}

/** An incident that nobody has closed, of any mode. */
export interface IncidentSeen {
  readonly id: string;
  readonly code: IncidentCode;
  readonly since: Date;
}

export interface DueOrganisation {
  readonly id: string;
  readonly name: string;
  readonly count: number;
  readonly oldestAgeS: number;
  readonly paused: boolean;
}

export interface HeldOfOrganisation
  extends Pick<HeldGroup, 'code' | 'count' | 'organisationId' | 'soonestDeadline'> {
  readonly organisationName: string;
}

export interface LaneHealth {
  readonly channel: Channel;
  readonly paused: boolean;
  readonly workersHeldUp: number;
  readonly heldUp: boolean;
  /** Hand-overs of the last hour by what became of them: `accepted`, or a code. */
  readonly lastHour: readonly { code: string; count: number }[];
  /** Taken by workers within a quarter of an hour and given back for reasons of ours. */
  readonly givenBack: readonly { code: string; count: number }[];
  readonly allGivenBack: boolean;
  /** The minute of the newest that a provider took; absent when none within a week. */
  readonly lastAcceptedAt: Date | undefined;
}

export interface WorkerSeen {
  readonly version: string;
  readonly ageS: number;
  /** Channels whose provider it finds down. */
  readonly heldUp: readonly Channel[];
}

/** Ten minutes, by the worst of them, in seconds. */
export interface LatenessSlot {
  readonly at: Date;
  readonly count: number;
  readonly p50S: number;
  readonly p95S: number;
  readonly maxS: number;
}

/** One that is in force, or ended within a day. */
export interface PauseSeen {
  readonly organisationName: string | undefined;
  readonly channel: Channel | undefined;
  readonly reason: string;
  readonly since: Date;
  readonly until: Date | undefined;
}
