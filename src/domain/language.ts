/** The languages that messages and pages exist in; the first is the deployment's default. */
export const languages = ['fr', 'en', 'de', 'es', 'it', 'nl', 'ar'] as const;

export type Language = (typeof languages)[number];

/** Which way a language is written, for `dir`. */
export type Direction = 'ltr' | 'rtl';

/**
 * The language to write in for a BCP 47 tag, compared by its primary subtag (RFC 5646, 2.1).
 *
 * @returns the fallback for a language without messages, so that no reminder is lost over it
 */
export function languageFor(tag: string | undefined, fallback: Language): Language {
  const primary = tag?.split('-', 1)[0]?.toLowerCase();
  return languages.find((language) => language === primary) ?? fallback;
}

export function directionOf(language: Language): Direction {
  return language === 'ar' ? 'rtl' : 'ltr';
}
