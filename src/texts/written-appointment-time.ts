import { keptFormat } from './kept-format.ts';
import type { PatientTexts } from './patient-texts.ts';

const durationsIn = keptFormat(
  (tag: string) => new Intl.DurationFormat(tag, { style: 'long', numberingSystem: 'latn' }),
);

export interface WrittenTime {
  /** "Thursday 3 December 2026" */
  readonly date: string;
  /** "at 10:30 in the morning", to stand after the date */
  readonly time: string;
  /** "France time" */
  readonly zone: string;
  /** For the `datetime` attribute of `<time>`: local, with its offset. */
  readonly machine: string;
}

/**
 * Writes when an appointment starts, in words, on the clock of where it is.
 *
 * In the hour that a clock runs through twice when summer time ends, the offset stands beside the
 * zone: nothing else tells the one from the other.
 */
export function writeAppointmentTime(
  texts: PatientTexts,
  startsAt: Temporal.Instant,
  timeZone: string,
): WrittenTime {
  const at = startsAt.toZonedDateTimeISO(timeZone);
  return {
    date: texts.writeDate(at.toPlainDate()),
    time: texts.writeTime(at.toPlainTime()),
    zone: isRepeated(at) ? `${texts.writeZone(at)} UTC${at.offset}` : texts.writeZone(at),
    machine: at.toString({ smallestUnit: 'minute', timeZoneName: 'never' }),
  };
}

/** The first of a month is no plain number everywhere. */
const firstDays: Readonly<Record<string, string>> = { fr: '1er', it: '1º' };

/** Writes a day for the middle of a sentence, as "3 December 2026". */
export function writeDay({ tag }: PatientTexts, day: Temporal.PlainDate): string {
  const locale = tag === 'en' ? 'en-GB' : tag;
  const form = { day: 'numeric', month: 'long', year: 'numeric', numberingSystem: 'latn' } as const;
  return day.toLocaleString(locale, form).replace(/^1(?= )/, firstDays[tag] ?? '1');
}

/** Whether the clock of the place shows this time twice on this day. */
function isRepeated(at: Temporal.ZonedDateTime): boolean {
  const shown = at.toPlainDateTime();
  const [earlier, later] = (['earlier', 'later'] as const).map((disambiguation) =>
    shown.toZonedDateTime(at.timeZoneId, { disambiguation }),
  );
  return earlier?.epochMilliseconds !== later?.epochMilliseconds;
}

/** Writes a length of time in words, as "1 hour, 30 minutes"; never less than a minute. */
export function writeDuration(texts: PatientTexts, minutes: number): string {
  const whole = Math.max(1, Math.floor(minutes));
  return durationsIn(texts.tag).format({ hours: Math.floor(whole / 60), minutes: whole % 60 });
}
