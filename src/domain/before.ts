/** How long before the start a reminder is due. */
export interface Before {
  /** The canonical form. Two entries mean the same exactly when these are equal. */
  readonly text: string;
  /** Days on the local calendar, then hours, minutes and seconds of elapsed time. */
  readonly duration: Temporal.Duration;
}

const daySeconds = 86_400;
const secondsMin = 5 * 60;
const secondsMax = 400 * daySeconds;

// Nine digits a unit keep every sum far below what a number holds exactly.
const weeks = /^P(\d{1,9})W$/;
const daysAndTime = /^P(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/;

/**
 * Reads an ISO 8601 duration of 5 minutes to 400 days in whole weeks, or in whole days, hours,
 * minutes and seconds.
 *
 * Months and years are refused: they are no fixed number of days (a month before 31 March?), and a
 * booking system that means 30 days can say so. Weeks stand alone, as in ISO 8601. Signs and
 * fractions are refused. What means the same has one text: `P1W` is `P7D` and `PT90M` is `PT1H30M`;
 * `PT24H` stays apart from `P1D`, for across a clock change they are an hour apart.
 */
export function parseBefore(text: string): Before | undefined {
  const inWeeks = weeks.exec(text);
  const parts = inWeeks ? [Number(inWeeks[1]) * 7] : daysAndTime.exec(text)?.slice(1).map(count);
  if (parts === undefined) return undefined;

  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  const elapsed = (hours * 60 + minutes) * 60 + seconds;
  const total = days * daySeconds + elapsed;
  if (total < secondsMin || total > secondsMax) return undefined;

  const duration = Temporal.Duration.from({
    days,
    hours: Math.floor(elapsed / 3600),
    minutes: Math.floor((elapsed % 3600) / 60),
    seconds: elapsed % 60,
  });
  return { text: duration.toString(), duration };
}

function count(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits);
}

/**
 * The instant that lies `before` ahead of the start.
 *
 * The date part is taken off on the local calendar, so two days before 09:00 is 09:00 across a clock
 * change; then the time part exactly, so three hours are three hours. A wall time that the earlier
 * day skips moves forward by the gap and one that it has twice means the first, as RFC 5545 has it.
 */
export function subtractBefore(
  startsAt: Temporal.Instant,
  timeZone: string,
  before: Before,
): Temporal.Instant {
  const { days, hours, minutes, seconds } = before.duration;
  const sameWallClock = startsAt.toZonedDateTimeISO(timeZone).subtract({ days }).toInstant();
  return sameWallClock.subtract({ hours, minutes, seconds });
}
