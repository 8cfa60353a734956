import type { Language } from '../domain/language.ts';
import { arMessages } from './ar.ts';
import { deMessages } from './de.ts';
import { en, enMessages } from './en.ts';
import { esMessages } from './es.ts';
import { fr, frMessages } from './fr.ts';
import { itMessages } from './it.ts';
import type { MessageTexts } from './message-texts.ts';
import { nlMessages } from './nl.ts';
import type { PatientTexts } from './patient-texts.ts';

/** What the messages of each language say. */
export const messageTexts: Readonly<Record<Language, MessageTexts>> = {
  fr: frMessages,
  en: enMessages,
  de: deMessages,
  es: esMessages,
  it: itMessages,
  nl: nlMessages,
  ar: arMessages,
};

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
