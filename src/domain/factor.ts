import type { Channel } from './channel.ts';

/** What a patient proves with, the strongest first. */
export const factors = ['passkey', 'pin', 'portal', 'code', 'birth_date'] as const;
export type Factor = (typeof factors)[number];

/** `strict`: neither a birth date nor a code by SMS opens anything. */
export const proofPolicies = ['standard', 'strict'] as const;
export type ProofPolicy = (typeof proofPolicies)[number];

/** What decides over factors beside the recipient. */
export interface FactorRules {
  readonly proofPolicy: ProofPolicy;
  /**
   * Where patients may log in: `own`, at their organisation's portal, which tells who that is;
   * `for_all`, at one that serves every organisation here, and so tells nothing.
   */
  readonly portal: 'none' | 'own' | 'for_all';
}

/** What a recipient has to prove with. */
export interface Provable {
  readonly pin?: string | undefined;
  readonly phone?: string | undefined;
  readonly birthDate?: string | undefined;
  readonly subject?: string | undefined;
}

/**
 * The factors that a recipient can prove with behind a link, the strongest first.
 *
 * A code is one only behind a link by email: it goes out by SMS, and a code never travels on a
 * channel that has carried the link. A portal of the organisation's own is one only where a birth
 * date can be asked for first. Under the strict policy that is all that a birth date is good for.
 *
 * @param channel what the link went out on
 * @param rules.hasPasskey whether the recipient has made a passkey for such links
 */
export function factorsFor(
  { pin, phone, birthDate, subject }: Provable,
  channel: Channel,
  {
    proofPolicy,
    portal,
    hasPasskey = false,
  }: FactorRules & { readonly hasPasskey?: boolean | undefined },
): Factor[] {
  const isStrict = proofPolicy === 'strict';
  const isKnownAtPortal = subject !== undefined && portal !== 'none';
  const isGate = portal === 'own' && isKnownAtPortal;
  const given: Record<Factor, boolean> = {
    passkey: subject !== undefined && hasPasskey,
    pin: pin !== undefined,
    portal: isKnownAtPortal && (portal === 'for_all' || birthDate !== undefined),
    code: !isStrict && channel === 'email' && phone !== undefined,
    birth_date: birthDate !== undefined && (!isStrict || isGate),
  };
  return factors.filter((factor) => given[factor]);
}

/** What can be asked for at a point. */
export interface FactorOffer {
  /** As `factorsFor` gives them. */
  readonly offered: readonly Factor[];
  readonly portal: FactorRules['portal'];
  readonly birthDateProved: boolean;
}

/**
 * The factors that can be proved with now, the strongest first.
 *
 * A code is sent only to someone who typed the birth date right, where one is known: otherwise a
 * hacked mailbox would be enough to make a phone ring. Nor is anybody else led to an organisation's
 * own portal, whose address tells where the appointment is. A birth date that was typed right opens
 * nothing more.
 */
export function waysToProve({
  locked,
  ...offer
}: FactorOffer & {
  locked: Readonly<Partial<Record<Factor, string>>>;
}): Factor[] {
  return reachableFactors(offer).filter((factor) => locked[factor] === undefined);
}

/** Likewise, the locked ones included: whoever comes to one is told that it is locked. */
export function reachableFactors({ offered, portal, birthDateProved }: FactorOffer): Factor[] {
  return offered.filter((factor) => {
    if (factor === 'birth_date') return !birthDateProved;
    if (factor === 'code') return birthDateProved || !offered.includes('birth_date');
    if (factor === 'portal') return birthDateProved || portal === 'for_all';
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
