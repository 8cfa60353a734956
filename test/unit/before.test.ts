import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Before, parseBefore, subtractBefore } from '../../src/domain/before.ts';

const zones = [
  'Europe/Paris',
  'Europe/London',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

function beforeOf(text: string): Before {
  const parsed = parseBefore(text);
  if (parsed === undefined) throw new Error(`not a before: ${text}`);
  return parsed;
}

function due(startsAt: string, timeZone: string, text: string): string {
  const at = Temporal.ZonedDateTime.from(`${startsAt}[${timeZone}]`).toInstant();
  return subtractBefore(at, timeZone, beforeOf(text))
    .toZonedDateTimeISO(timeZone)
    .toString({ timeZoneName: 'never' });
}

describe('before', () => {
  it.each([
    ['PT5M', 'PT5M'],
    ['P400D', 'P400D'],
    ['P2D', 'P2D'],
    ['P002D', 'P2D'],
    ['PT3H', 'PT3H'],
    ['P1DT2H30M', 'P1DT2H30M'],
    ['P1W', 'P7D'],
    ['P7D', 'P7D'],
    ['P57W', 'P399D'],
    ['PT60M', 'PT1H'],
    ['PT90M', 'PT1H30M'],
    ['PT3600S', 'PT1H'],
    ['PT24H', 'PT24H'],
    ['P1DT24H', 'P1DT24H'],
    ['P1DT0H', 'P1D'],
    ['PT9600H', 'PT9600H'],
  ])('%s is taken as %s', (text, canonical) => {
    expect(parseBefore(text)?.text).toBe(canonical);
  });

  it.each([
    ['PT4M', 'too short'],
    ['PT299S', 'too short'],
    ['PT0S', 'zero'],
    ['P0D', 'zero'],
    ['P401D', 'too long'],
    ['P58W', 'too long'],
    ['P400DT1S', 'too long'],
    ['PT9601H', 'too long'],
    ['P999999999D', 'far too long'],
    ['P9999999999D', 'too many digits'],
    ['P1M', 'a month is no number of days'],
    ['P1Y', 'a year is no number of days'],
    ['P1W2D', 'weeks stand alone'],
    ['P1WT1H', 'weeks stand alone'],
    ['-P2D', 'a sign'],
    ['+P2D', 'a sign'],
    ['P-2D', 'a sign'],
    ['P1.5D', 'a fraction'],
    ['PT1.5H', 'a fraction'],
    ['PT0,5H', 'a fraction'],
    ['P', 'nothing'],
    ['PT', 'nothing'],
    ['P2DT', 'nothing after T'],
    ['', 'nothing'],
    ['2D', 'no P'],
    ['p2d', 'lower case'],
    ['PT2D', 'days after T'],
    ['P2H', 'hours before T'],
    ['PT30M2H', 'order'],
    [' P2D', 'a space'],
    ['P2D\n', 'a line feed'],
    ['P٢D', 'other digits'],
  ])('%j is refused: %s', (text) => {
    expect(parseBefore(text)).toBeUndefined();
  });

  it('has one canonical text, which reads as itself', () => {
    const number = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(number, number, number, number, (days, hours, minutes, seconds) => {
        const parsed = parseBefore(`P${days}DT${hours}H${minutes}M${seconds}S`);
        const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        expect(parsed !== undefined).toBe(total >= 300 && total <= 400 * 86_400);
        if (parsed === undefined) return;
        expect(parseBefore(parsed.text)).toEqual(parsed);
        expect(parsed.duration.days).toBe(days);
        expect(parsed.duration.with({ days: 0 }).total('second')).toBe(
          (hours * 60 + minutes) * 60 + seconds,
        );
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseBefore(text)).toBeUndefined();
      }),
    );
  });
});

describe('the time before a start', () => {
  it('keeps the wall clock over days and the elapsed time over hours', () => {
    expect(due('2026-10-26T09:00:00', 'Europe/Paris', 'P2D')).toBe('2026-10-24T09:00:00+02:00');
    expect(due('2026-10-25T09:00:00', 'Europe/Paris', 'P1D')).toBe('2026-10-24T09:00:00+02:00');
    expect(due('2026-10-25T09:00:00', 'Europe/Paris', 'PT24H')).toBe('2026-10-24T10:00:00+02:00');
    expect(due('2027-03-28T09:00:00', 'Europe/London', 'P1D')).toBe('2027-03-27T09:00:00+00:00');
    expect(due('2027-03-28T09:00:00', 'Europe/London', 'PT24H')).toBe('2027-03-27T08:00:00+00:00');
    expect(due('2026-11-01T09:00:00', 'America/New_York', 'P1W')).toBe('2026-10-25T09:00:00-04:00');
    expect(due('2026-10-04T09:00:00', 'Australia/Lord_Howe', 'P1D')).toBe(
      '2026-10-03T09:00:00+10:30',
    );
    expect(due('2026-10-04T09:00:00', 'Australia/Lord_Howe', 'PT24H')).toBe(
      '2026-10-03T08:30:00+10:30',
    );
  });

  it('takes the days off first, then the hours', () => {
    expect(due('2026-10-26T02:30:00', 'Europe/Paris', 'P1DT3H')).toBe('2026-10-24T23:30:00+02:00');
  });

  it('moves forward by the gap where the earlier day skips that time', () => {
    expect(due('2027-03-29T02:30:00', 'Europe/Paris', 'P1D')).toBe('2027-03-28T03:30:00+02:00');
    expect(due('2026-10-05T02:15:00', 'Australia/Lord_Howe', 'P1D')).toBe(
      '2026-10-04T02:45:00+11:00',
    );
    expect(due('2012-01-01T09:00:00', 'Pacific/Apia', 'P2D')).toBe('2011-12-31T09:00:00+14:00');
    expect(due('2012-01-01T09:00:00', 'Pacific/Apia', 'P3D')).toBe('2011-12-29T09:00:00-10:00');
  });

  it('means the first of two where the earlier day has that time twice', () => {
    expect(due('2026-10-26T02:30:00', 'Europe/Paris', 'P1D')).toBe('2026-10-25T02:30:00+02:00');
    expect(due('2026-11-02T01:30:00', 'America/New_York', 'P1D')).toBe('2026-11-01T01:30:00-04:00');
  });

  const startsAt = fc
    .integer({ min: Date.UTC(2026, 0, 1) / 60_000, max: Date.UTC(2032, 0, 1) / 60_000 })
    .map((minutes) => Temporal.Instant.fromEpochMilliseconds(minutes * 60_000));

  it('is on the wall clock of the start, on the day counted back', () => {
    fc.assert(
      fc.property(
        startsAt,
        fc.constantFrom(...zones),
        fc.integer({ min: 1, max: 400 }),
        (at, timeZone, days) => {
          const wall = at.toZonedDateTimeISO(timeZone).toPlainDateTime().subtract({ days });
          const result = subtractBefore(at, timeZone, beforeOf(`P${days}D`));
          const shown = result.toZonedDateTimeISO(timeZone).toPlainDateTime();
          const isSkipped = !wall.toZonedDateTime(timeZone).toPlainDateTime().equals(wall);
          const gapMinutes = timeZone === 'Australia/Lord_Howe' ? 30 : 60;
          expect(shown.toString()).toBe(
            (isSkipped ? wall.add({ minutes: gapMinutes }) : wall).toString(),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('lies exactly the hours and minutes away, in every zone alike', () => {
    fc.assert(
      fc.property(
        startsAt,
        fc.constantFrom(...zones),
        fc.integer({ min: 5, max: 9600 }),
        (at, timeZone, minutes) => {
          const result = subtractBefore(at, timeZone, beforeOf(`PT${minutes}M`));
          expect(at.epochMilliseconds - result.epochMilliseconds).toBe(minutes * 60_000);
        },
      ),
    );
  });

  it('is before the start, however the clock changes', () => {
    const any = fc
      .tuple(fc.integer({ min: 0, max: 399 }), fc.integer({ min: 5, max: 1440 }))
      .map(([days, minutes]) => beforeOf(`P${days}DT${minutes}M`));
    fc.assert(
      fc.property(startsAt, fc.constantFrom(...zones), any, (at, timeZone, length) => {
        const elapsedMs =
          at.epochMilliseconds - subtractBefore(at, timeZone, length).epochMilliseconds;
        const nominalMs = length.duration.total({ unit: 'millisecond', relativeTo: '2026-01-01' });
        expect(elapsedMs).toBeGreaterThanOrEqual(5 * 60_000);
        expect(Math.abs(elapsedMs - nominalMs)).toBeLessThanOrEqual(60 * 60_000);
      }),
    );
  });
});
