import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isQuiet,
  type QuietHours,
  quietSpan,
  quietSpansAround,
} from '../../src/domain/quiet-hours.ts';

const night = { start: '21:00', end: '08:00' };
const zones = [
  'Europe/Paris',
  'Europe/London',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Santiago', // changes at midnight
  'Africa/Casablanca',
];

const clock = fc
  .integer({ min: 0, max: 1439 })
  .map((minute) =>
    Temporal.PlainTime.from('00:00').add({ minutes: minute }).toString().slice(0, 5),
  );
const hours = fc.record({ start: clock, end: clock });

/** A zone and an instant, every second one within two days of a clock change. */
const moment = fc
  .record({
    timeZone: fc.constantFrom(...zones),
    year: fc.constantFrom('2010', '2026', '2027', '2029'),
    changes: fc.integer({ min: 1, max: 3 }),
    isNearChange: fc.boolean(),
    minutes: fc.integer({ min: -2880, max: 2880 }),
  })
  .map(({ timeZone, year, changes, isNearChange, minutes }) => {
    let at = Temporal.PlainDate.from(`${year}-02-01`).toZonedDateTime(timeZone);
    if (isNearChange) {
      for (let n = 0; n < changes; n += 1) at = at.getTimeZoneTransition('next') ?? at;
    }
    return { timeZone, instant: at.toInstant().add({ minutes }) };
  });

function span(at: string, timeZone: string, quietHours: QuietHours) {
  const found = quietSpan(Temporal.Instant.from(at), timeZone, quietHours);
  if (found === undefined) return undefined;
  const show = (instant: Temporal.Instant) =>
    instant.toZonedDateTimeISO(timeZone).toString({ timeZoneName: 'never' });
  return [show(found.begins), show(found.ends)];
}

function isBetween(time: string, { start, end }: { start: string; end: string }): boolean {
  return start < end ? start <= time && time < end : start !== end && (start <= time || time < end);
}

describe('quiet hours', () => {
  it('hold from their start up to their end, past midnight too', () => {
    expect(span('2026-12-03T22:30:00+01:00', 'Europe/Paris', night)).toEqual([
      '2026-12-03T21:00:00+01:00',
      '2026-12-04T08:00:00+01:00',
    ]);
    expect(span('2026-12-04T07:59:59+01:00', 'Europe/Paris', night)).toEqual([
      '2026-12-03T21:00:00+01:00',
      '2026-12-04T08:00:00+01:00',
    ]);
    expect(span('2026-12-03T21:00:00+01:00', 'Europe/Paris', night)).toBeDefined();
    expect(span('2026-12-03T20:59:59.999+01:00', 'Europe/Paris', night)).toBeUndefined();
    expect(span('2026-12-04T08:00:00+01:00', 'Europe/Paris', night)).toBeUndefined();
    expect(
      span('2026-12-03T13:00:00+01:00', 'Europe/Paris', { start: '12:00', end: '14:00' }),
    ).toEqual(['2026-12-03T12:00:00+01:00', '2026-12-03T14:00:00+01:00']);
  });

  it('are none when null or when start and end are equal', () => {
    fc.assert(
      fc.property(moment, clock, ({ instant, timeZone }, time) => {
        expect(isQuiet(instant, timeZone, null)).toBe(false);
        expect(isQuiet(instant, timeZone, { start: time, end: time })).toBe(false);
      }),
    );
  });

  it('make one night of a night in which the clock changes', () => {
    expect(span('2027-03-28T03:00:00+02:00', 'Europe/Paris', night)).toEqual([
      '2027-03-27T21:00:00+01:00',
      '2027-03-28T08:00:00+02:00',
    ]);
    expect(span('2026-10-25T02:30:00+01:00', 'Europe/Paris', night)).toEqual([
      '2026-10-24T21:00:00+02:00',
      '2026-10-25T08:00:00+01:00',
    ]);
    expect(span('2026-11-01T01:30:00-05:00', 'America/New_York', night)).toEqual([
      '2026-10-31T21:00:00-04:00',
      '2026-11-01T08:00:00-05:00',
    ]);
    expect(span('2026-10-04T02:30:00+11:00', 'Australia/Lord_Howe', night)).toEqual([
      '2026-10-03T21:00:00+10:30',
      '2026-10-04T08:00:00+11:00',
    ]);
  });

  it('begin or end with the jump where the clock jumps over their start or end', () => {
    const end = { start: '21:00', end: '02:30' };
    expect(span('2027-03-28T00:30:00+01:00', 'Europe/Paris', end)?.[1]).toBe(
      '2027-03-28T03:00:00+02:00',
    );
    const start = { start: '02:30', end: '08:00' };
    expect(span('2027-03-28T03:00:00+02:00', 'Europe/Paris', start)?.[0]).toBe(
      '2027-03-28T03:00:00+02:00',
    );
    const jumped = { start: '02:10', end: '02:50' };
    expect(span('2027-03-28T03:00:00+02:00', 'Europe/Paris', jumped)).toBeUndefined();
    expect(span('2027-03-28T01:59:59+01:00', 'Europe/Paris', jumped)).toBeUndefined();
  });

  it('take in both passes of a repeated hour that holds their start or end', () => {
    expect(
      span('2026-10-25T00:30:00+02:00', 'Europe/Paris', { start: '21:00', end: '02:30' }),
    ).toEqual(['2026-10-24T21:00:00+02:00', '2026-10-25T02:30:00+01:00']);
    expect(
      span('2026-10-25T07:30:00+01:00', 'Europe/Paris', { start: '02:30', end: '08:00' }),
    ).toEqual(['2026-10-25T02:30:00+02:00', '2026-10-25T08:00:00+01:00']);
  });

  it('become one where a zone leaves out the day between two nights', () => {
    const joined = ['2011-12-29T21:00:00-10:00', '2011-12-31T08:00:00+14:00'];
    expect(span('2011-12-29T23:00:00-10:00', 'Pacific/Apia', night)).toEqual(joined);
    expect(span('2011-12-31T01:00:00+14:00', 'Pacific/Apia', night)).toEqual(joined);
  });

  it('hold whenever the clock on the wall says so', () => {
    fc.assert(
      fc.property(moment, hours, ({ instant, timeZone }, quietHours) => {
        const time = instant.toZonedDateTimeISO(timeZone).toPlainTime().toString().slice(0, 5);
        fc.pre(isBetween(time, quietHours));
        expect(isQuiet(instant, timeZone, quietHours)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('hold at no other time, but around a repeated hour', () => {
    fc.assert(
      fc.property(moment, hours, ({ instant, timeZone }, quietHours) => {
        const found = quietSpan(instant, timeZone, quietHours);
        const there = instant.toZonedDateTimeISO(timeZone);
        const time = there.toPlainTime().toString().slice(0, 5);
        if (isBetween(time, quietHours)) return;
        if (found === undefined) return;
        const change = found.begins.subtract({ hours: 3 }).toZonedDateTimeISO(timeZone);
        const next = change.getTimeZoneTransition('next')?.toInstant();
        expect(next && Temporal.Instant.compare(next, found.ends.add({ hours: 3 }))).toBe(-1);
      }),
      { numRuns: 400 },
    );
  });

  it('have a span that holds the instant, is quiet throughout and ends where quiet ends', () => {
    fc.assert(
      fc.property(
        moment,
        hours,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (at, quietHours, share) => {
          const { instant, timeZone } = at;
          const found = quietSpan(instant, timeZone, quietHours);
          expect(isQuiet(instant, timeZone, quietHours)).toBe(found !== undefined);
          if (found === undefined) return;
          const [begins, ends] = [found.begins.epochMilliseconds, found.ends.epochMilliseconds];
          expect(begins).toBeLessThanOrEqual(instant.epochMilliseconds);
          expect(instant.epochMilliseconds).toBeLessThan(ends);
          const within = begins + Math.floor((ends - 1 - begins) * share);
          for (const ms of [begins, within, ends - 1]) {
            const probe = Temporal.Instant.fromEpochMilliseconds(ms);
            expect(quietSpan(probe, timeZone, quietHours)).toEqual(found);
          }
          for (const ms of [begins - 1, ends]) {
            const probe = Temporal.Instant.fromEpochMilliseconds(ms);
            expect(isQuiet(probe, timeZone, quietHours)).toBe(false);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('are listed in order, apart, and none of them empty', () => {
    const night = fc.constantFrom(
      { start: '02:10', end: '02:50' },
      { start: '03:00', end: '02:00' },
    );
    fc.assert(
      fc.property(moment, fc.oneof(hours, night), ({ instant, timeZone }, quietHours) => {
        const edges = quietSpansAround(instant, timeZone, quietHours).flatMap((each) => [
          each.begins.epochMilliseconds,
          each.ends.epochMilliseconds,
        ]);
        for (const [index, edge] of edges.slice(1).entries()) {
          expect(edge).toBeGreaterThan(edges[index] ?? Number.NaN);
        }
      }),
      { numRuns: 400 },
    );
    const jump = Temporal.Instant.from('2027-03-28T12:00:00+02:00');
    expect(quietSpansAround(jump, 'Europe/Paris', { start: '02:10', end: '02:50' })).toHaveLength(
      4,
    );
  });

  it('refuse to be read from anything but a time of day', () => {
    const at = Temporal.Instant.from('2026-12-03T12:00:00Z');
    expect(() => isQuiet(at, 'UTC', { start: '25:00', end: '08:00' })).toThrow(RangeError);
  });
});
