import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkExpiresAt, utcDay, utcMonth } from '../../src/domain/link-expiry.ts';

const dayMs = 86_400_000;
const instant = fc
  .bigInt({ min: 0n, max: 7_000_000_000_000_000_000n })
  .map((nanoseconds) => Temporal.Instant.fromEpochNanoseconds(nanoseconds));

describe('links', () => {
  it.each([
    ['2026-12-03T10:50:00+01:00', '2026-12-05T00:00:00Z'],
    ['2026-12-03T00:00:00Z', '2026-12-04T00:00:00Z'],
    ['2026-12-03T00:00:00.000000001Z', '2026-12-05T00:00:00Z'],
    ['2026-12-03T23:59:59.999Z', '2026-12-05T00:00:00Z'],
    ['2026-12-30T12:00:00Z', '2027-01-01T00:00:00Z'],
    ['2028-02-28T12:00:00Z', '2028-03-01T00:00:00Z'],
  ])('of an appointment that ends at %s expire at %s', (endsAt, expiresAt) => {
    expect(linkExpiresAt(Temporal.Instant.from(endsAt)).toString()).toBe(expiresAt);
  });

  it('expire at the first UTC midnight 24 hours or more after the end', () => {
    fc.assert(
      fc.property(instant, (endsAt) => {
        const expiresAt = linkExpiresAt(endsAt);
        const life = expiresAt.epochNanoseconds - endsAt.epochNanoseconds;
        expect(expiresAt.epochMilliseconds % dayMs).toBe(0);
        expect(life >= BigInt(dayMs) * 1_000_000n).toBe(true);
        expect(life < BigInt(2 * dayMs) * 1_000_000n).toBe(true);
      }),
    );
  });
});

describe('days and months of keys', () => {
  it('are UTC’s, not the clinic’s', () => {
    const newYear = Temporal.Instant.from('2027-01-01T00:30:00+01:00');
    expect(utcDay(newYear)).toBe('2026-12-31');
    expect(utcMonth(newYear)).toBe('2026-12');
    expect(utcMonth(Temporal.Instant.from('2027-03-01T00:00:00Z'))).toBe('2027-03');
  });

  it('are the front of the instant’s own text', () => {
    fc.assert(
      fc.property(instant, (at) => {
        expect(utcDay(at)).toBe(at.toString().slice(0, 10));
        expect(utcMonth(at)).toBe(at.toString().slice(0, 7));
      }),
    );
  });
});
