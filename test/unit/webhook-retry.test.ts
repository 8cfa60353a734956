import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { webhookRetryInMs, webhookTriesMax } from '../../config/webhook-retry.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const dayMs = 24 * 3_600_000;

/** The waits of an event that never arrives. */
function waitsOf(randoms: readonly number[]): number[] {
  const waits: number[] = [];
  for (const [index, value] of randoms.entries()) {
    const waitMs = webhookRetryInMs({ failedCount: index + 1, random: value });
    if (waitMs === undefined) break;
    waits.push(waitMs);
  }
  return waits;
}

describe('an event that never arrives', () => {
  it('is tried ten times, further and further apart, over three days', () => {
    const randoms = fc.array(random, { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(randoms, (values) => {
        const waits = waitsOf(values);
        expect(waits).toHaveLength(webhookTriesMax - 1);
        expect(webhookTriesMax).toBe(10);
        const sumMs = waits.reduce((sum, waitMs) => sum + waitMs, 0);
        expect(sumMs).toBeGreaterThan(2.8 * dayMs);
        expect(sumMs).toBeLessThan(3.6 * dayMs);
        expect(waits[0]).toBeLessThan(6_000);
        expect(waits.every(Number.isSafeInteger)).toBe(true);
        // Without the jitter each is longer than the one before; with it, never by much the other way.
        expect(waits.every((waitMs, index) => waitMs >= (waits[index - 1] ?? 0) * 0.98)).toBe(true);
      }),
    );
  });

  it('is not tried at the same moment as others that failed with it', () => {
    fc.assert(
      fc.property(random, random, fc.integer({ min: 1, max: 9 }), (one, other, failedCount) => {
        const waits = [one, other].map((value) => webhookRetryInMs({ failedCount, random: value }));
        const [first = 0, second = 0] = waits;
        const widthMs =
          (webhookRetryInMs({ failedCount, random: 0.999_999 }) ?? 0) -
          (webhookRetryInMs({ failedCount, random: 0 }) ?? 0);
        expect(Math.abs(first - second - widthMs * (one - other))).toBeLessThanOrEqual(
          2 + widthMs * 1e-5,
        );
      }),
    );
  });
});
