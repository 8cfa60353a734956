import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addUsage,
  type Ceilings,
  ceilingInTheWay,
  ceilingNames,
  noCeilings,
  noUsage,
  waitS,
  windowsAt,
} from '../../src/domain/quota.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createDistinctNumbers } from '../../src/keys/distinct-numbers.ts';

const asked = fc.record({ reminders: fc.nat(9), hasNumber: fc.boolean() });
const ceilings: fc.Arbitrary<Ceilings> = fc.record({
  appointmentsPerHour: fc.option(fc.integer({ min: 1, max: 30 })),
  appointmentsPerDay: fc.option(fc.integer({ min: 1, max: 30 })),
  remindersPerHour: fc.option(fc.integer({ min: 1, max: 90 })),
  remindersPerDay: fc.option(fc.integer({ min: 1, max: 90 })),
  numbersPerHour: fc.option(fc.integer({ min: 1, max: 30 })),
});

describe('ceilings', () => {
  it('are never passed, and refuse nothing that fits below them', () => {
    fc.assert(
      fc.property(ceilings, fc.array(asked, { maxLength: 60 }), (bounds, requests) => {
        let usage = noUsage;
        for (const request of requests) {
          const after = addUsage(usage, request);
          const over = ceilingNames.filter((name) => after[name] > (bounds[name] ?? Infinity));
          const by = ceilingInTheWay(bounds, usage, request);
          // One is in the way if and only if it would be passed; it is named.
          expect(by === undefined ? over : over.includes(by)).toEqual(by === undefined ? [] : true);
          if (by === undefined) usage = after;
        }
      }),
    );
  });

  it('of nothing refuse nothing; what can send nothing is not kept by the ceiling of reminders', () => {
    expect(ceilingInTheWay(noCeilings, noUsage, { reminders: 8, hasNumber: true })).toBeUndefined();
    const usage = { ...noUsage, remindersPerHour: 10, remindersPerDay: 50 };
    const bounds = { ...noCeilings, remindersPerHour: 5 };
    expect(ceilingInTheWay(bounds, usage, { reminders: 0, hasNumber: true })).toBeUndefined();
  });

  it('name the longer wait first, which lasts to the end of the hour or of the UTC day', () => {
    const usage = { ...noUsage, appointmentsPerHour: 1, appointmentsPerDay: 1 };
    const bounds = { ...noCeilings, appointmentsPerHour: 1, appointmentsPerDay: 1 };
    const request = { reminders: 0, hasNumber: false };
    expect(ceilingInTheWay(bounds, usage, request)).toBe('appointmentsPerDay');
    const now = Date.parse('2026-11-27T22:59:59.500Z');
    expect([waitS('remindersPerHour', now), waitS('remindersPerDay', now)]).toEqual([1, 3_601]);
    expect(windowsAt(now)).toEqual({
      hourMs: Date.parse('2026-11-27T22:00Z'),
      dayMs: Date.parse('2026-11-27T00:00Z'),
    });
  });
});

describe('the sketch of phone numbers', () => {
  const numbers = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => new Secret(`+336${String(from + index)}`));

  it('counts different ones within 5 in a hundred, or four, however often each comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10_000_000, max: 90_000_000 }),
        fc.constantFrom(1, 50, 500, 4_000, 12_000),
        (from, count) => {
          const distinct = createDistinctNumbers();
          for (const number of numbers(from, count)) distinct.add(['a', 'b'], number);
          for (const number of numbers(from, Math.min(count, 500))) distinct.add(['a'], number);
          expect(distinct.count('a')).toBe(distinct.count('b'));
          // Of 50, three share their bits with others now and then, and five never.
          const offMax = count === 1 ? 0 : Math.max(4, 0.05 * count);
          expect(Math.abs(distinct.count('a') - count)).toBeLessThanOrEqual(offMax);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('still tells 50,000 from more', () => {
    const distinct = createDistinctNumbers();
    for (const number of numbers(10_000_000, 50_000)) distinct.add(['a'], number);
    expect(Math.abs(distinct.count('a') - 50_000)).toBeLessThan(2_500);
    expect(distinct.count('nobody')).toBe(0);
  });
});
