import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, resolveStart } from '../../src/domain/start.ts';

const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
const longAgo = Temporal.Instant.from('2000-01-01T00:00:00Z');
const zones = [
  'Europe/Paris',
  'Europe/London',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'America/St_Johns',
  'UTC',
];

const zone = fc.constantFrom(...zones);
const instant = fc
  .integer({ min: Date.UTC(2026, 6, 1) / 1000, max: Date.UTC(2199, 11, 1) / 1000 })
  .map((seconds) => Temporal.Instant.fromEpochMilliseconds(seconds * 1000));

function resolve(start: string, timeZone = 'Europe/Paris', at = now) {
  return resolveStart({ start, timeZone, now: at });
}

function startsAt(start: string, timeZone?: string): string {
  const resolved = resolve(start, timeZone);
  return resolved.ok ? resolved.startsAt.toString() : resolved.code;
}

describe('a start', () => {
  it('is taken with the offset of its zone, with Z, or as wall clock', () => {
    expect(startsAt('2026-12-03T10:30:00+01:00')).toBe('2026-12-03T09:30:00Z');
    expect(startsAt('2026-12-03T09:30:00Z')).toBe('2026-12-03T09:30:00Z');
    expect(startsAt('2026-12-03T10:30')).toBe('2026-12-03T09:30:00Z');
    expect(startsAt('2026-12-03T10:30+01:00')).toBe('2026-12-03T09:30:00Z');
    expect(startsAt('2026-12-03T10:30:00+00:00', 'Europe/London')).toBe('2026-12-03T10:30:00Z');
    expect(startsAt('2026-12-03T10:30:00+00:00', 'UTC')).toBe('2026-12-03T10:30:00Z');
  });

  it('takes the fractions that runtimes print and cuts them at the millisecond', () => {
    expect(startsAt('2026-12-03T09:30:00.000Z')).toBe('2026-12-03T09:30:00Z');
    expect(startsAt('2026-12-03T10:30:00.0000000+01:00')).toBe('2026-12-03T09:30:00Z');
    expect(startsAt('2026-12-03T09:30:00.1239999Z')).toBe('2026-12-03T09:30:00.123Z');
    expect(startsAt('2026-12-03T10:30:00.9999')).toBe('2026-12-03T09:30:00.999Z');
  });

  it.each([
    ['', 'empty'],
    ['2026-12-03', 'no time'],
    ['10:30', 'no date'],
    ['2026-12-03 10:30', 'no T'],
    ['2026-12-03t10:30:00z', 'lower case'],
    ['2026-12-03T10:30:00+0100', 'offset without colon'],
    ['2026-12-03T10:30:00+01', 'offset without minutes'],
    ['2026-12-03T10:30:00+24:00', 'offset out of range'],
    ['2026-12-03T10:30:00+01:00:00', 'offset with seconds'],
    ['2026-12-03T10:30:00+01:00[Europe/Paris]', 'annotation'],
    ['2026-12-03T10:30:00[Europe/Paris]', 'annotation'],
    ['2026-12-03T10:30:00Z[u-ca=hebrew]', 'annotation'],
    ['2026-12-31T23:59:60Z', 'leap second'],
    ['2026-12-03T24:00:00Z', 'hour 24'],
    ['2026-12-03T10:60:00Z', 'minute 60'],
    ['2026-12-03T10Z', 'no minutes'],
    ['2026-12-03T10:30:00,5Z', 'decimal comma'],
    ['2026-12-03T10:30:00.Z', 'empty fraction'],
    ['2026-02-29T10:30:00Z', 'no such day'],
    ['2026-13-01T10:30:00Z', 'no such month'],
    ['2026-00-10T10:30:00Z', 'no such month'],
    ['20261203T103000Z', 'basic format'],
    ['2026-W49-4T10:30:00Z', 'week date'],
    ['+002026-12-03T10:30:00Z', 'long year'],
    ['1899-12-31T10:30:00Z', 'year too early'],
    ['2200-01-01T00:00:00Z', 'year too late'],
    ['9999-12-31T23:59:59Z', 'a sentinel'],
    [' 2026-12-03T10:30:00Z', 'space before'],
    ['2026-12-03T10:30:00Z\n', 'line feed after'],
    ['1796290200', 'epoch seconds'],
  ])('refuses %j (%s)', (start) => {
    expect(resolve(start)).toEqual({ ok: false, field: 'start', code: 'invalid_start' });
  });

  it('refuses an offset that is not the zone’s at that moment', () => {
    for (const start of [
      '2026-12-03T10:30:00+02:00',
      '2026-12-03T10:30:00+00:00',
      '2026-07-03T10:30:00+01:00',
      '2027-03-28T02:30:00+01:00', // in the skipped hour
      '2027-03-28T02:30:00+02:00',
    ]) {
      expect(resolve(start)).toEqual({ ok: false, field: 'start', code: 'offset_mismatch' });
    }
  });

  it('tells the two passes of a repeated hour by their offsets', () => {
    expect(startsAt('2026-10-25T02:30:00+02:00')).toBe('2026-10-25T00:30:00Z');
    expect(startsAt('2026-10-25T02:30:00+01:00')).toBe('2026-10-25T01:30:00Z');
    expect(startsAt('2027-04-04T01:45:00+11:00', 'Australia/Lord_Howe')).toBe(
      '2027-04-03T14:45:00Z',
    );
    expect(startsAt('2027-04-04T01:45:00+10:30', 'Australia/Lord_Howe')).toBe(
      '2027-04-03T15:15:00Z',
    );
  });

  it('refuses a wall clock time that comes twice or not at all', () => {
    expect(startsAt('2026-10-25T02:30')).toBe('start_ambiguous');
    expect(startsAt('2027-03-28T02:30')).toBe('start_nonexistent');
    expect(startsAt('2026-10-25T01:30', 'Europe/London')).toBe('start_ambiguous');
    expect(startsAt('2027-03-28T01:30', 'Europe/London')).toBe('start_nonexistent');
    expect(startsAt('2026-11-01T01:30', 'America/New_York')).toBe('start_ambiguous');
    expect(startsAt('2027-03-14T02:30', 'America/New_York')).toBe('start_nonexistent');
    expect(startsAt('2027-04-04T01:45', 'Australia/Lord_Howe')).toBe('start_ambiguous');
    expect(startsAt('2026-10-04T02:15', 'Australia/Lord_Howe')).toBe('start_nonexistent');
    expect(startsAt('2026-10-04T02:30', 'Australia/Lord_Howe')).toBe('2026-10-03T15:30:00Z');
  });

  it('refuses every time of the day that Apia left out', () => {
    const at = Temporal.Instant.from('2011-01-01T00:00:00Z');
    for (const time of ['00:00', '12:00', '23:59']) {
      expect(resolve(`2011-12-30T${time}`, 'Pacific/Apia', at)).toMatchObject({
        code: 'start_nonexistent',
      });
    }
    expect(resolve('2011-12-31T00:00', 'Pacific/Apia', at)).toMatchObject({ ok: true });
  });

  it('must be after now', () => {
    const inPast = { ok: false, field: 'start', code: 'start_in_past' };
    expect(resolve('2026-06-01T00:00:00Z')).toEqual(inPast);
    expect(resolve('2026-05-31T23:59:59Z')).toEqual(inPast);
    expect(resolve('1900-01-01T00:00:00Z')).toEqual(inPast);
    expect(resolve('2026-06-01T00:00:00.001Z')).toMatchObject({ ok: true });
  });

  it('with the zone’s own offset or Z is the instant it was written from', () => {
    fc.assert(
      fc.property(instant, zone, (at, timeZone) => {
        const there = at.toZonedDateTimeISO(timeZone);
        const text = there.toString({ timeZoneName: 'never' });
        expect(resolve(text, timeZone)).toEqual({ ok: true, startsAt: at });
        expect(resolve(at.toString(), timeZone)).toEqual({ ok: true, startsAt: at });
      }),
    );
  });

  it('with any offset is taken exactly when the zone has that offset then', () => {
    const offset = fc.integer({ min: -56, max: 56 }).map((quarters) => quarters * 15);
    fc.assert(
      fc.property(instant, zone, offset, (at, timeZone, minutes) => {
        const sign = minutes < 0 ? '-' : '+';
        const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
        const text = `${sign}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
        const start = at.toZonedDateTimeISO(text).toString({ timeZoneName: 'never' });
        const own = at.toZonedDateTimeISO(timeZone).offsetNanoseconds === minutes * 60e9;
        expect(resolve(start, timeZone)).toEqual(
          own ? { ok: true, startsAt: at } : { ok: false, field: 'start', code: 'offset_mismatch' },
        );
      }),
    );
  });

  it('as wall clock near a clock change is judged by how often that time comes', () => {
    const nearChange = fc.tuple(
      zone,
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: -120, max: 240 }),
    );
    fc.assert(
      fc.property(nearChange, ([timeZone, changes, minutes]) => {
        let there = now.toZonedDateTimeISO(timeZone);
        for (let n = 0; n <= changes; n += 1) there = there.getTimeZoneTransition('next') ?? there;
        const wall = there.toPlainDateTime().add({ minutes });
        const expected = instantsAt(wall, timeZone);
        const resolved = resolve(wall.toString(), timeZone, longAgo);
        if (expected.length === 1) expect(resolved).toEqual({ ok: true, startsAt: expected[0] });
        else {
          expect(resolved).toMatchObject({
            code: expected.length === 0 ? 'start_nonexistent' : 'start_ambiguous',
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (start, timeZone) => {
        expect(resolve(start, timeZone).ok).toBe(false);
        expect(resolve(start).ok).toBe(false);
      }),
    );
  });
});

describe('a time zone', () => {
  it.each(['Europe/Paris', 'America/Argentina/Buenos_Aires', 'UTC', 'Etc/GMT+1', 'Asia/Kolkata'])(
    'is a name such as %s',
    (timeZone) => {
      expect(isTimeZone(timeZone)).toBe(true);
    },
  );

  it.each([
    '',
    'Paris',
    'Mars/Olympus',
    '+01:00',
    '+01',
    'Z',
    '2026-01-01T00:00Z',
    '2026-01-01T00:00[Europe/Paris]',
    'Europe/Paris\n',
    ' Europe/Paris',
    'Europe/Paris[u-ca=iso8601]',
    '../../etc/passwd',
    'A'.repeat(65),
  ])('is never %j', (timeZone) => {
    expect(resolve('2026-12-03T10:30', timeZone)).toEqual({
      ok: false,
      field: 'timeZone',
      code: 'unknown_time_zone',
    });
  });
});

/** Every instant at which the zone's clock shows this time, found by trying every offset. */
function instantsAt(wall: Temporal.PlainDateTime, timeZone: string): Temporal.Instant[] {
  const asUtc = wall.toZonedDateTime('UTC').toInstant();
  return Array.from({ length: 28 * 4 + 1 }, (_, quarter) =>
    asUtc.subtract({ minutes: (quarter - 14 * 4) * 15 }),
  ).filter((at) => at.toZonedDateTimeISO(timeZone).toPlainDateTime().equals(wall));
}
