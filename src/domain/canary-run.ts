/**
 * How a run ended.
 *
 * `missing`: something never came or was not stored. `different`: something is not as it was put.
 * `unreachable`: a public address does not answer from where the canary runs. `held`: a person had
 * stopped sending. `interrupted`: nobody looked for too long; it tells nothing, and is made up for.
 */
export const canaryOutcomes = [
  'passed',
  'missing',
  'different',
  'unreachable',
  'held',
  'interrupted',
] as const;
export type CanaryOutcome = (typeof canaryOutcomes)[number];

/** What operators are told of the canary. */
export interface CanaryState {
  /** Null: not within a week, or it is off. */
  readonly lastPassedAt: Date | null;
  readonly lastEndedAt: Date | null;
  /** From its PUT to its last look, of the newest that passed. */
  readonly lastTookS: number | null;
  /** Branches whose newest run was missing something, differed, or no longer reached anybody. */
  readonly failingCount: number;
  /** Of the newest run: the doors that nobody opened. */
  readonly unreachable: readonly string[];
}
