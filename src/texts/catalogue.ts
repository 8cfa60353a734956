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
import { arRights } from './rights/ar.ts';
import { deRights } from './rights/de.ts';
import { enRights } from './rights/en.ts';
import { esRights } from './rights/es.ts';
import { frRights } from './rights/fr.ts';
import { itRights } from './rights/it.ts';
import { nlRights } from './rights/nl.ts';
import type { RightsTexts } from './rights-texts.ts';

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

const rightsTexts: Readonly<Record<Language, RightsTexts>> = {
  fr: frRights,
  en: enRights,
  de: deRights,
  es: esRights,
  it: itRights,
  nl: nlRights,
  ar: arRights,
};

/** What the pages on what is held about a reader say in a language. */
export function rightsTextsIn(language: Language): RightsTexts {
  return rightsTexts[language];
}
