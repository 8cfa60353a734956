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
