import type { Recipient } from './appointment.ts';
import type { Channel } from './channel.ts';

/** What a patient proves with. Portal login and passkey come later. */
export type Factor = 'pin' | 'code' | 'birth_date';

/**
 * The factors that a recipient can prove with behind a link, the strongest first.
 *
 * A code is one only behind a link by email: it goes out by SMS, and a code never travels on a
 * channel that has carried the link.
 *
 * @param channel what the link went out on
 */
export function factorsFor(
  recipient: Pick<Recipient, 'pin' | 'phone' | 'birthDate'>,
  channel: Channel,
): Factor[] {
  const offered: Factor[] = [];
  if (recipient.pin !== undefined) offered.push('pin');
  if (channel === 'email' && recipient.phone !== undefined) offered.push('code');
  if (recipient.birthDate !== undefined) offered.push('birth_date');
  return offered;
}

/**
 * The factors that can be proved with now, the strongest first.
 *
 * A code is sent only to someone who typed the birth date right, where one is known: otherwise a
 * hacked mailbox would be enough to make a phone ring. A birth date that was typed right opens
 * nothing more.
 *
 * @param offered as `factorsFor` gives them
 */
export function waysToProve({
  offered,
  locked,
  birthDateProved,
}: {
  offered: readonly Factor[];
  locked: Readonly<Partial<Record<Factor, string>>>;
  birthDateProved: boolean;
}): Factor[] {
  return reachableFactors({ offered, birthDateProved }).filter(
    (factor) => locked[factor] === undefined,
  );
}

/** Likewise, the locked ones included: whoever comes to one is told that it is locked. */
export function reachableFactors({
  offered,
  birthDateProved,
}: {
  offered: readonly Factor[];
  birthDateProved: boolean;
}): Factor[] {
  return offered.filter((factor) => {
    if (factor === 'birth_date') return !birthDateProved;
    if (factor === 'code') return birthDateProved || !offered.includes('birth_date');
    return true;
  });
}

/** How many wrong answers are borne: all in all for an appointment's factor, and from one source. */
export interface TryLimits {
  readonly perFactorMax: number;
  readonly perSourceMax: number;
}

/** The counters after the try at hand has been counted in, other tries in the air included. */
export interface Tally {
  readonly factorCount: number;
  readonly locked: boolean;
  readonly sourceCount: number;
  readonly sourcePaused: boolean;
}

/** Whether an answer may open anything: `paused` and `locked` ones may not, right or wrong. */
export type Verdict = 'admitted' | 'paused' | 'locked';

/**
 * Whether a try that has just been counted may succeed.
 *
 * Because it is counted before it is compared, at most `perFactorMax` answers are ever admitted
 * that turn out wrong, however many arrive at once and whatever process dies in between.
 */
export function judgeTry(tally: Tally, { perFactorMax, perSourceMax }: TryLimits): Verdict {
  if (tally.locked || tally.factorCount > perFactorMax) return 'locked';
  if (tally.sourcePaused || tally.sourceCount > perSourceMax) return 'paused';
  return 'admitted';
}

/** A source's recent wrong answers over all appointments, as a bucket that leaks. */
export interface SourceLevel {
  readonly level: number;
  readonly atMs: number;
}

const leakPerMs = 100 / (15 * 60_000);
const freeLevel = 100;
const delayPerFailureMs = 10;
const delayMaxMs = 3_000;

/**
 * How full a source's bucket is now: each wrong answer adds one, a hundred leak out in 15 minutes.
 *
 * Thousands of phones of one carrier share an address, so a source is slowed and never locked, and
 * what a waiting room full of people mistypes slows nobody.
 */
export function sourceLevelAt(source: SourceLevel | undefined, nowMs: number): number {
  if (!source) return 0;
  return Math.max(0, source.level - Math.max(0, nowMs - source.atMs) * leakPerMs);
}

/** How long an answer from a source as full as this waits before it is looked at, in milliseconds. */
export function sourceDelayMs(level: number): number {
  return Math.min(delayMaxMs, Math.max(0, level - freeLevel) * delayPerFailureMs);
}
