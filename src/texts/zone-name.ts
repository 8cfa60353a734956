import type { Language } from '../domain/language.ts';
import { keptFormat } from './kept-format.ts';

const formatOf = keptFormat(
  (locale: string, timeZone: string) =>
    new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'shortGeneric' }),
);
const countriesIn = keptFormat(
  (language: Language) => new Intl.DisplayNames(language, { type: 'region' }),
);

/**
 * A time zone by its generic name, such as "France Time" or "New York Time".
 *
 * The short generic names of CLDR are the only ones that people use of themselves; the long ones
 * ("Central European Standard Time") are right and tell a patient nothing.
 */
export function zoneName(locale: string, at: Temporal.ZonedDateTime): string {
  const parts = formatOf(locale, at.timeZoneId).formatToParts(at.epochMilliseconds);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? at.timeZoneId;
}

/** The locale that names most zones by a place, and what CLDR puts around that place. */
const byPlace = {
  de: { locale: 'de', around: / \(Ortszeit\)$/ },
  es: { locale: 'es-419', around: /^hora de / },
  it: { locale: 'it', around: /^Ora / },
  nl: { locale: 'nl', around: /^tijd in / },
} as const satisfies Partial<Record<Language, unknown>>;

/**
 * The country or city that a time zone is named after, such as "Frankreich" or "New York", for a
 * language in which CLDR calls some zones by letters: MEZ, CET, ET. Patients do not know them, and
 * MEZ in July would be an hour wrong for those who do.
 */
export function zonePlace(language: keyof typeof byPlace, at: Temporal.ZonedDateTime): string {
  const { locale, around } = byPlace[language];
  const name = zoneName(locale, at);
  if (around.test(name)) return name.replace(around, '');
  // A zone of no place, such as UTC, is its offset in every language.
  if (/^(?:GMT|UTC)[+-]/.test(name)) return name;
  return countryOf(at, language) ?? cityOf(at.timeZoneId);
}

/** English names every zone by its place, and that place may be a country known by another name. */
function countryOf(at: Temporal.ZonedDateTime, language: Language): string | undefined {
  const region = regionsInEnglish().get(zoneName('en-001', at).replace(/ Time$/, ''));
  return region && countriesIn(language).of(region);
}

/** Two-letter codes of countries (ISO 3166) by their English names. */
const regionsInEnglish = keptFormat((): ReadonlyMap<string, string> => {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const names = new Intl.DisplayNames('en-001', { type: 'region', fallback: 'none' });
  return new Map([
    ...letters
      .flatMap((first) => letters.map((second) => first + second))
      .flatMap((code) => {
        const name = names.of(code);
        return name ? [[name, code] as const] : [];
      }),
    // Its zone goes by another English name than the islands do.
    ['Canaries', 'IC'],
  ]);
});

function cityOf(timeZoneId: string): string {
  return timeZoneId.split('/').at(-1)?.replaceAll('_', ' ') ?? timeZoneId;
}
