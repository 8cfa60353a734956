const secondMs = 1_000;

/** After so many questions without an answer, one after the other, only one is asked now and then. */
export const unansweredInARowMax = 5;

/**
 * When a reminder that got no answer is asked about again.
 *
 * @param failedCount questions about it without an answer, 1 or more
 */
export function askAgainInMs(failedCount: number): number {
  return doubled(5 * secondMs, failedCount - 1, 60 * secondMs);
}

/**
 * How long a booking system that gives no answers is left alone.
 *
 * @param failedCount questions without an answer in a row
 * @returns 0 while they are few
 */
export function leftAloneMs(failedCount: number): number {
  if (failedCount < unansweredInARowMax) return 0;
  return doubled(2 * secondMs, failedCount - unansweredInARowMax, 60 * secondMs);
}

function doubled(firstMs: number, times: number, longestMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(times, 20), longestMs);
}
