/**
 * When no message is sent: local wall clock times `HH:MM` from `start` up to `end`, past midnight
 * where `end` is the earlier one. Equal times, like null, mean that there are none.
 */
export type QuietHours = { start: string; end: string } | null;

/** From `begins`, which is quiet, up to `ends`, which is not. */
export interface QuietSpan {
  readonly begins: Temporal.Instant;
  readonly ends: Temporal.Instant;
}

/** Whether the instant lies in quiet hours. */
export function isQuiet(
  instant: Temporal.Instant,
  timeZone: string,
  quietHours: QuietHours,
): boolean {
  return quietSpan(instant, timeZone, quietHours) !== undefined;
}

/** The quiet hours that the instant lies in, or undefined. */
export function quietSpan(
  instant: Temporal.Instant,
  timeZone: string,
  quietHours: QuietHours,
): QuietSpan | undefined {
  return quietSpansAround(instant, timeZone, quietHours).find(
    ({ begins, ends }) => !isBefore(instant, begins) && isBefore(instant, ends),
  );
}

/**
 * The quiet hours from the day before the instant to the day after it at least, in order and apart.
 *
 * Across a clock change the night stays in one piece and never gets shorter by the clock on the
 * wall: of an hour that comes twice quiet hours take in the first `start` and the last `end`; where
 * the clock jumps over one of them, they begin or end with the jump. A day that a zone leaves out
 * (Apia, 30 December 2011) leaves two pieces that touch, and they become one.
 */
export function quietSpansAround(
  instant: Temporal.Instant,
  timeZone: string,
  quietHours: QuietHours,
): QuietSpan[] {
  if (quietHours === null) return [];
  const start = Temporal.PlainTime.from(quietHours.start);
  const end = Temporal.PlainTime.from(quietHours.end);
  const order = Temporal.PlainTime.compare(start, end);
  if (order === 0) return [];

  const today = instant.toZonedDateTimeISO(timeZone).toPlainDate();
  const spans: QuietSpan[] = [];
  for (let day = -2; day <= 2; day += 1) {
    const date = today.add({ days: day });
    const endDate = order < 0 ? date : date.add({ days: 1 });
    const begins = atWallClock(date.toPlainDateTime(start), timeZone, 'earlier');
    const ends = atWallClock(endDate.toPlainDateTime(end), timeZone, 'later');
    if (!isBefore(begins, ends)) continue; // all of it fell into the hour that the clock jumped
    const last = spans.at(-1);
    if (last !== undefined && !isBefore(last.ends, begins)) {
      spans[spans.length - 1] = { begins: last.begins, ends };
    } else {
      spans.push({ begins, ends });
    }
  }
  return spans;
}

function atWallClock(
  wall: Temporal.PlainDateTime,
  timeZone: string,
  pass: 'earlier' | 'later',
): Temporal.Instant {
  const there = wall.toZonedDateTime(timeZone, { disambiguation: pass });
  if (there.toPlainDateTime().equals(wall)) return there.toInstant();
  // The clock jumps over this time: the jump itself is the first moment that is not before it.
  const jump = wall
    .toZonedDateTime(timeZone, { disambiguation: 'earlier' })
    .getTimeZoneTransition('next');
  return (jump ?? there).toInstant();
}

function isBefore(one: Temporal.Instant, other: Temporal.Instant): boolean {
  return Temporal.Instant.compare(one, other) < 0;
}
