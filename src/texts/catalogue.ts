import type { Language } from '../domain/language.ts';
import { en } from './en.ts';
import { fr } from './fr.ts';
import type { PatientTexts } from './patient-texts.ts';

const catalogues = { fr, en } satisfies Partial<Record<Language, PatientTexts>>;

/** The languages that pages exist in. Messages exist in more. */
export type PageLanguage = keyof typeof catalogues;

export const pageLanguages = Object.keys(catalogues) as readonly PageLanguage[];

/** The language of the pages for someone who was written to in `language`: it, or else English. */
export function pageLanguageFor(language: Language): PageLanguage {
  return pageLanguages.find((known) => known === language) ?? 'en';
}

export function textsIn(language: PageLanguage): PatientTexts {
  return catalogues[language];
}
