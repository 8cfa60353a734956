import type { Language } from '../domain/language.ts';
import { ar, arMessages } from './ar.ts';
import { de, deMessages } from './de.ts';
import { en, enMessages } from './en.ts';
import { es, esMessages } from './es.ts';
import { fr, frMessages } from './fr.ts';
import { it, itMessages } from './it.ts';
import type { MessageTexts } from './message-texts.ts';
import { nl, nlMessages } from './nl.ts';
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

const pageTexts: Readonly<Record<Language, PatientTexts>> = { fr, en, de, es, it, nl, ar };

/** What the pages of a language say. */
export function textsIn(language: Language): PatientTexts {
  return pageTexts[language];
}
