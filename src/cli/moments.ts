import { CommandError } from './command-error.ts';

const isDay = /^\d{4}-\d{2}-\d{2}$/;
/** Years of four digits, as everybody writes them. */
const farOff = Date.UTC(9999, 0);

/**
 * When something that was given `2027-01-31` or `P90D` ends: with that day in UTC, or so long from now.
 *
 * @throws {CommandError} for anything else, and for what has passed
 */
export function endFrom(option: string, text: string, now: Temporal.Instant): Date {
  const end = isDay.test(text) ? endOfDay(text) : after(text, now);
  if (end === undefined || end.epochMilliseconds > farOff) {
    throw new CommandError(`${option} must be a day like 2027-01-31 or a time like P90D.`);
  }
  if (Temporal.Instant.compare(end, now) <= 0) throw new CommandError(`${option} has passed.`);
  return new Date(end.epochMilliseconds);
}

/**
 * Milliseconds of an ISO 8601 duration like `P7D`, from now on; none is `P0D`.
 *
 * @throws {CommandError} for anything else
 */
export function millisecondsFrom(option: string, text: string, now: Temporal.Instant): number {
  const end = after(text, now);
  const span = end && end.epochMilliseconds - now.epochMilliseconds;
  if (span === undefined || span < 0 || span > 366 * 86_400_000) {
    throw new CommandError(`${option} must be a time like P7D or PT12H, a year at most.`);
  }
  return span;
}

/**
 * The midnight (UTC) that a day like `2027-01-31` begins with.
 *
 * @throws {CommandError} for anything else
 */
export function dayFrom(option: string, text: string): Date {
  const end = isDay.test(text) ? endOfDay(text) : undefined;
  if (end === undefined) throw new CommandError(`${option} must be a day like 2027-01-31.`);
  return new Date(end.epochMilliseconds - 86_400_000);
}

function endOfDay(text: string): Temporal.Instant | undefined {
  try {
    return Temporal.PlainDate.from(text).add({ days: 1 }).toZonedDateTime('UTC').toInstant();
  } catch {
    return undefined;
  }
}

function after(text: string, now: Temporal.Instant): Temporal.Instant | undefined {
  try {
    // Months and years are as long as they are from today.
    return now.toZonedDateTimeISO('UTC').add(Temporal.Duration.from(text)).toInstant();
  } catch {
    return undefined;
  }
}
