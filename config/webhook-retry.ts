const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/**
 * How long after each failed try the next one follows: ten tries over a little more than three days.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
const waitsMs = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
] as const;

/** A tenth more or less, so that what failed together does not come back together. */
const jitter = 0.1;

export const webhookTriesMax = waitsMs.length + 1;

/**
 * When an event that did not arrive is tried again.
 *
 * @param failedCount tries that failed so far, 1 or more
 * @param random in [0, 1)
 * @returns undefined after the last try
 */
export function webhookRetryInMs(input: {
  failedCount: number;
  random: number;
}): number | undefined {
  const waitMs = waitsMs[input.failedCount - 1];
  if (waitMs === undefined) return undefined;
  return Math.round(waitMs * (1 - jitter + 2 * jitter * input.random));
}
