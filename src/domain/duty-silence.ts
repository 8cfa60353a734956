import type { Heartbeat } from './queue-measures.ts';

/** How long each duty may be silent, in seconds: a few of its rounds. */
export const silentMaxS = {
  dispatch: 20,
  feed: 20,
  sweep: 40,
  expire: 60,
  admit: 60,
  measure: 60,
  callbacks: 60,
  'link-keys': 180,
  mark: 180,
  'stuck-lanes': 300,
  'clear-parcels': 300,
  retire: 1_800,
  ledger: 1_800,
  'epoch-keys': 10_800,
  'event-months': 64_800,
} as const;
export type Duty = keyof typeof silentMaxS;

const duties = Object.keys(silentMaxS) as Duty[];

export interface SilentDuty {
  readonly duty: Duty;
  /** Absent: it was never heard of, or so long ago that this is forgotten. */
  readonly ageS: number | undefined;
}

/** Duties that nobody does, those that matter most first. */
export function silentDuties(heartbeats: readonly Heartbeat[]): SilentDuty[] {
  return duties
    .map((duty) => ({ duty, ageS: heartbeats.find(({ name }) => name === duty)?.ageS }))
    .filter(({ duty, ageS }) => ageS === undefined || ageS > silentMaxS[duty]);
}
