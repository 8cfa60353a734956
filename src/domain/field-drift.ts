import { type OptionalField, optionalFields } from './optional-fields.ts';

/** How many versions were accepted in a span of time, and how many of them carried each field. */
export interface FieldFills {
  readonly versions: number;
  readonly fills: Readonly<Partial<Record<OptionalField, number>>>;
}

export interface FieldDrift {
  readonly field: OptionalField;
  readonly filled: number;
  readonly versions: number;
  /** The share of the week that carried it least, in thousandths. */
  readonly usualPermille: number;
}

/** Fewer say nothing of a share. */
export const driftVersionsMin = 200;
/** One week alone may have been the odd one. */
const weeksMin = 2;
/** Of what is usual, a share under this is a loss and no whim. */
const lossShare = 0.5;
/** Standard errors on either side: chance alone exceeds one such bound once in thirty thousand times. */
const certainty = 4;

/**
 * Fields that versions carry much less often than in the same hours of the weeks before.
 *
 * A field has drifted when its share now, read as high as chance allows, is under half of its share in
 * every one of those weeks, read as low as chance allows. So few versions give no alarm, nor does a
 * field that comes and goes from week to week, nor one that hardly anybody fills.
 *
 * @param before the same hours of some weeks; those with few versions are left out
 */
export function findFieldDrift(input: {
  now: FieldFills;
  before: readonly FieldFills[];
}): FieldDrift[] {
  const { now } = input;
  const weeks = input.before.filter(({ versions }) => versions >= driftVersionsMin);
  if (now.versions < driftVersionsMin || weeks.length < weeksMin) return [];
  return optionalFields.flatMap((field) => {
    const filled = now.fills[field] ?? 0;
    const most = shareBounds(filled, now.versions).most;
    const shares = weeks.map(({ fills, versions }) => ({
      share: (fills[field] ?? 0) / versions,
      least: shareBounds(fills[field] ?? 0, versions).least,
    }));
    if (!shares.every(({ least }) => most < least * lossShare)) return [];
    const usual = Math.min(...shares.map(({ share }) => share));
    return [{ field, filled, versions: now.versions, usualPermille: Math.round(usual * 1_000) }];
  });
}

/**
 * Between which shares the true one lies, as far as a sample tells: the score interval, which holds for
 * shares near nought and one too.
 *
 * @see Wilson, E. B. (1927), Journal of the American Statistical Association 22
 */
export function shareBounds(count: number, of: number): { least: number; most: number } {
  const square = certainty * certainty;
  const share = count / of;
  const middle = (share + square / (2 * of)) / (1 + square / of);
  const reach =
    (certainty * Math.sqrt((share * (1 - share)) / of + square / (4 * of * of))) /
    (1 + square / of);
  return { least: Math.max(0, middle - reach), most: Math.min(1, middle + reach) };
}
