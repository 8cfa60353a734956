import { keptFormat } from './kept-format.ts';

const formatOf = keptFormat(
  (locale: string) =>
    new Intl.DateTimeFormat(locale, {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    }),
);

/** Writes a day in full, as "Thursday, 3 December 2026". */
export function longDate(locale: string, date: Temporal.PlainDate): string {
  return formatOf(locale).format(date);
}
