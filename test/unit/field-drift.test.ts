import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  driftVersionsMin,
  type FieldFills,
  findFieldDrift,
  shareBounds,
} from '../../src/domain/field-drift.ts';
import { optionalFields } from '../../src/domain/optional-fields.ts';
import { appointmentRequest } from '../../src/http/api/appointment-schema.ts';

const filled = (versions: number, count: number): FieldFills => ({
  versions,
  fills: { 'details.for': count },
});
const drifted = (now: FieldFills, before: FieldFills[]) =>
  findFieldDrift({ now, before }).map(({ field }) => field);

/** As many of so many as chance gives, by a seed. */
function draw(versions: number, share: number, random: () => number): FieldFills {
  let count = 0;
  for (let place = 0; place < versions; place += 1) if (random() < share) count += 1;
  return filled(versions, count);
}
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const rounding = 1e-12;

describe('a field that appointments carry', () => {
  it('has drifted when it is gone, and tells how often it was there', () => {
    const before = [filled(1_000, 120), filled(900, 100), filled(1_100, 140)];
    expect(findFieldDrift({ now: filled(1_000, 0), before })).toEqual([
      { field: 'details.for', filled: 0, versions: 1_000, usualPermille: 111 },
    ]);
  });

  it('has drifted when three in four of those that filled it do not any more', () => {
    expect(drifted(filled(2_000, 100), [filled(2_000, 400), filled(2_000, 410)])).toEqual([
      'details.for',
    ]);
  });

  it('has not when it is filled a third less often, or more often', () => {
    const before = [filled(2_000, 400), filled(2_000, 410)];
    expect(drifted(filled(2_000, 270), before)).toEqual([]);
    expect(drifted(filled(2_000, 2_000), before)).toEqual([]);
  });

  it('has not when one of the weeks was as low', () => {
    const before = [filled(2_000, 400), filled(2_000, 410), filled(2_000, 30)];
    expect(drifted(filled(2_000, 0), before)).toEqual([]);
  });

  it('is judged by nobody who has seen too little', () => {
    const few = fc.integer({ min: 1, max: driftVersionsMin - 1 });
    fc.assert(
      fc.property(few, fc.nat({ max: 10_000 }), (versions, count) => {
        const full = [filled(10_000, 10_000), filled(10_000, count)];
        expect(drifted(filled(versions, 0), full)).toEqual([]);
        const tooFew = [filled(versions, versions), filled(versions, versions)];
        expect(drifted(filled(10_000, 0), tooFew)).toEqual([]);
        expect(drifted(filled(10_000, 0), full.slice(0, 1))).toEqual([]);
      }),
    );
  });

  it('raises no alarm by chance: in 20,000 hours of a field that stays as it is', () => {
    const random = seeded(4_711);
    let alarms = 0;
    for (let hour = 0; hour < 20_000; hour += 1) {
      const share = random();
      const weeks = [0, 1, 2, 3].map(() => draw(200, share, random));
      alarms += drifted(draw(200, share, random), weeks).length;
    }
    expect(alarms).toBe(0);
  });

  it('is no more of an alarm for being filled once more', () => {
    const counts = fc.integer({ min: 200, max: 5_000 });
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0, max: 1, noNaN: true }),
        counts,
        (now, share, before) => {
          const weeks = [filled(before, before), filled(before, Math.floor(before * share))];
          const count = Math.floor(now * share);
          const less = drifted(filled(now, count), weeks).length;
          const more = drifted(filled(now, Math.min(now, count + 1)), weeks).length;
          expect(more).toBeLessThanOrEqual(less);
        },
      ),
    );
  });

  it('has a true share between its bounds, which close in as more is seen', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.nat({ max: 10_000 }), (of, some) => {
        const count = Math.min(some, of);
        const { least, most } = shareBounds(count, of);
        expect(least).toBeLessThanOrEqual(count / of + rounding);
        expect(most).toBeGreaterThanOrEqual(count / of - rounding);
        const more = shareBounds(count * 10, of * 10);
        expect(more.most - more.least).toBeLessThanOrEqual(most - least + rounding);
      }),
    );
  });

  it('is one of those that the API lets a booking system leave out, all of them', () => {
    const whole = {
      ...{ start: 'x', timeZone: 'x', durationMinutes: 1, revision: 1, status: 'booked' },
      ...{ notice: 'now', reminders: [] },
      details: {
        ...{ practitioner: 'a', specialty: 'a', place: { name: 'a', address: 'a' } },
        ...{ instructions: 'a', phone: 'a', reason: 'a', for: 'a' },
      },
      recipient: { phone: 'x', email: 'x', language: 'x', birthDate: 'x', pin: 'x', subject: 'x' },
    };
    const known = appointmentRequest.parse(whole);
    const leaves = (value: object, place: string): string[] =>
      Object.entries(value).flatMap(([name, held]) => {
        const path = place === '' ? name : `${place}.${name}`;
        const isPart = typeof held === 'object' && !Array.isArray(held);
        return [path, ...(isPart ? leaves(held, path) : [])];
      });
    const omittable = leaves(known, '').filter((path) => {
      const without = structuredClone(known) as unknown as Record<string, unknown>;
      const names = path.split('.');
      const last = names.pop() ?? '';
      let holder = without;
      for (const name of names) holder = holder[name] as Record<string, unknown>;
      delete holder[last];
      return appointmentRequest.safeParse(without).success;
    });
    expect(new Set(omittable)).toEqual(new Set(optionalFields));
  });
});
