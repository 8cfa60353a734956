import type { Heartbeat } from './queue-measures.ts';

/**
 * How long each duty may be silent, in seconds. They are heard of every 5 or 15 seconds while they are
 * well, also between rounds that are hours apart. All duties are here but `dead-man`, which the switch
 * elsewhere misses by itself.
 */
export const silentMaxS = {
  dispatch: 20,
  feed: 20,
  sweep: 40,
  expire: 60,
  admit: 60,
  settle: 60,
  callbacks: 60,
  canary: 100,
  webhooks: 60,
  'send-checks': 60,
  measure: 60,
  incidents: 60,
  // Nothing is heard of it while it names those whom an incident touches, which may be a million.
  touched: 900,
  alerts: 60,
  watch: 60,
  doubts: 60,
  'link-keys': 60,
  'stuck-lanes': 60,
  'clear-parcels': 60,
  retire: 60,
  ledger: 60,
  'epoch-keys': 60,
  copies: 60,
  'late-copies': 60,
  'event-months': 60,
  drift: 60,
  'retire-canary': 60,
  // Another place that it is told to may be away for a moment.
  'audit-heads': 300,
  // A round a minute: one that failed is not heard of before the next.
  mark: 150,
} as const;
export type Duty = keyof typeof silentMaxS;

const duties = Object.keys(silentMaxS) as Duty[];

/** No duty: that something was refused because a key was missing. Its instance is the organisation. */
export const keyMissingSign = 'key_missing';

/** Why the door is shut for what it would take at another time: too much waits, a channel is behind, or a restore. */
export const refusalReasons = ['full', 'late', 'restoring'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** No duty: that a process has refused something for this reason. */
export function refusingSign(reason: RefusalReason): string {
  return `refusing ${reason}`;
}

export interface SilentDuty {
  readonly duty: Duty;
  /** Absent: it was never heard of. */
  readonly ageS: number | undefined;
}

/** Duties that nobody does, those that matter most first. */
export function silentDuties(heartbeats: readonly Heartbeat[]): SilentDuty[] {
  return duties
    .map((duty) => ({ duty, ageS: heartbeats.find(({ name }) => name === duty)?.ageS }))
    .filter(({ duty, ageS }) => ageS === undefined || ageS > silentMaxS[duty]);
}

/** One process of those that do a duty. */
export interface ProcessBeat {
  readonly ageS: number;
  /** Since it was first heard of. */
  readonly lifeS: number;
}

/** Beyond it a process that nobody took leave of is missed, and after it given up. */
export const missedAfterS = 60;
const missedUntilS = 900;

/**
 * How many processes have gone without a word and without another in their place. Each that began
 * after one was last heard of takes the place of one.
 */
export function countMissing(processes: readonly ProcessBeat[]): number {
  const gone = processes
    .filter(({ ageS }) => ageS > missedAfterS && ageS <= missedUntilS)
    .map(({ ageS }) => ageS)
    .sort((one, other) => one - other);
  const begun = processes
    .filter(({ ageS }) => ageS <= missedAfterS)
    .map(({ lifeS }) => lifeS)
    .sort((one, other) => one - other);
  let missing = 0;
  for (const ageS of gone) {
    const place = begun.findIndex((lifeS) => lifeS <= ageS);
    if (place < 0) missing += 1;
    else begun.splice(place, 1);
  }
  return missing;
}
