import { readDigits } from './pin.ts';

const earliest = Temporal.PlainDate.from('1870-01-01');

/**
 * A birth date in the form `YYYY-MM-DD`: a day that exists, not before 1870 (nobody alive is as old)
 * and not in the future anywhere on earth, so that a child born today is taken in Auckland too.
 *
 * @param now the instant that decides what is the future; the domain reads no clock
 */
export function parseBirthDate(text: string, now: Temporal.Instant): string | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  let date: Temporal.PlainDate;
  try {
    date = Temporal.PlainDate.from(text);
  } catch {
    return undefined; // a day that its month does not have
  }
  // UTC+14 is the first zone to see a day.
  const latest = now.toZonedDateTimeISO('+14:00').toPlainDate();
  const isPossible =
    Temporal.PlainDate.compare(date, earliest) >= 0 &&
    Temporal.PlainDate.compare(date, latest) <= 0;
  return isPossible ? text : undefined;
}

/** What was typed into the three fields of a birth date. */
export interface TypedBirthDate {
  readonly day: string;
  readonly month: string;
  readonly year: string;
}

/** Why three fields are no birth date; the first thing to mend. */
export type BirthDateProblem =
  | 'missing'
  | 'dayMissing'
  | 'monthMissing'
  | 'yearMissing'
  | 'yearShort'
  | 'impossible';

/**
 * Reads a birth date as people type it: 7 or 07, spaces about it, digits of any script. A year of
 * two digits is asked for again, since 24 may be a child's or a great-grandmother's.
 *
 * @returns `YYYY-MM-DD`, or what to say about the fields
 */
export function readBirthDate(
  typed: TypedBirthDate,
  now: Temporal.Instant,
): { readonly date: string } | { readonly problem: BirthDateProblem } {
  const [day, month, year] = [typed.day, typed.month, typed.year].map(readDigits);
  if (!day && !month && !year) return { problem: 'missing' };
  if (!day) return { problem: 'dayMissing' };
  if (!month) return { problem: 'monthMissing' };
  if (!year) return { problem: 'yearMissing' };
  if (/^[0-9]{1,3}$/.test(year)) return { problem: 'yearShort' };
  if (![day, month].every((part) => /^[0-9]{1,2}$/.test(part))) return { problem: 'impossible' };
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const date = parseBirthDate(text, now);
  return date === undefined ? { problem: 'impossible' } : { date };
}
