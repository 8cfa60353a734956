import type { FieldErrorCode } from './errors.ts';

export type ResolvedStart =
  | { ok: true; startsAt: Temporal.Instant }
  | { ok: false; field: 'start' | 'timeZone'; code: FieldErrorCode };

/**
 * Resolves when an appointment starts from what a booking system sent.
 *
 * `start` is an RFC 3339 date and time: with a numeric offset, which must be the zone's own at that
 * moment, so that a booking system with stale zone rules hears of it; with `Z`, an instant in any
 * zone; or without either, the zone's wall clock, which must exist once and only once that day.
 * Seconds may be left out. Fractions, as many runtimes print them, count to the millisecond and are
 * cut there. A leap second, a bracketed annotation (RFC 9557) and a year outside 1900 to 2199 are
 * refused: in an appointment each is a mistake.
 *
 * @param timeZone an IANA name; a bare offset is not a time zone, since it knows no clock change
 * @param now the instant that a start must be after; the domain reads no clock
 * @returns the first fault found, the zone's before the start's
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function resolveStart(input: {
  start: string;
  timeZone: string;
  now: Temporal.Instant;
}): ResolvedStart {
  if (!isTimeZone(input.timeZone)) {
    return { ok: false, field: 'timeZone', code: 'unknown_time_zone' };
  }
  const startsAt = parseStart(input.start, input.timeZone);
  if (typeof startsAt === 'string') return { ok: false, field: 'start', code: startsAt };
  if (Temporal.Instant.compare(startsAt, input.now) <= 0) {
    return { ok: false, field: 'start', code: 'start_in_past' };
  }
  return { ok: true, startsAt };
}

/** Whether the text is an IANA time zone name that this runtime's rules know. */
export function isTimeZone(text: string): boolean {
  // Temporal takes more than names here: bare offsets and whole dates with a zone inside.
  if (!/^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/.test(text)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text);
    return true;
  } catch {
    return false;
  }
}

const shape =
  /^(?<local>(?<year>\d{4})-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)(?<offset>Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/;

function parseStart(start: string, timeZone: string): Temporal.Instant | FieldErrorCode {
  const { local, year, offset } = shape.exec(start)?.groups ?? {};
  if (local === undefined || Number(year) < 1900 || Number(year) > 2199) return 'invalid_start';
  let dateTime: Temporal.PlainDateTime;
  try {
    dateTime = Temporal.PlainDateTime.from(local);
  } catch {
    return 'invalid_start'; // a day that its month does not have
  }
  const wall = dateTime.round({ smallestUnit: 'millisecond', roundingMode: 'floor' });
  return offset === undefined ? fromWallClock(wall, timeZone) : fromOffset(wall, offset, timeZone);
}

function fromOffset(
  wall: Temporal.PlainDateTime,
  offset: string,
  timeZone: string,
): Temporal.Instant | FieldErrorCode {
  const instant = wall.toZonedDateTime(offset === 'Z' ? 'UTC' : offset).toInstant();
  if (offset === 'Z') return instant;
  // Compared as wall clocks: equal only if the zone has this offset at this instant, so either
  // pass of a repeated hour is taken and a skipped one never is.
  const there = instant.toZonedDateTimeISO(timeZone).toPlainDateTime();
  return there.equals(wall) ? instant : 'offset_mismatch';
}

function fromWallClock(
  wall: Temporal.PlainDateTime,
  timeZone: string,
): Temporal.Instant | FieldErrorCode {
  const earlier = wall.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const later = wall.toZonedDateTime(timeZone, { disambiguation: 'later' });
  if (earlier.epochNanoseconds === later.epochNanoseconds) return earlier.toInstant();
  return earlier.toPlainDateTime().equals(wall) ? 'start_ambiguous' : 'start_nonexistent';
}
