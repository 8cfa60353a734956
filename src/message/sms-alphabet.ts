import type { Language } from '../domain/language.ts';

/** What an SMS may be made of, and how much of it. */
export interface SmsAlphabet {
  /** As the segment calculator calls it. */
  readonly encoding: 'GSM-7' | 'UCS-2';
  readonly segmentsMax: number;
  /** UTF-16 units; in GSM-7 without its extension table, one septet each. */
  readonly unitsMax: number;
  readonly characters: RegExp;
}

/** The basic GSM-7 alphabet in one segment (3GPP TS 23.038, 6.2.1), one septet a character. */
const latin: SmsAlphabet = {
  encoding: 'GSM-7',
  segmentsMax: 1,
  unitsMax: 160,
  characters: /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*$/,
};

/**
 * Arabic letters and signs beside printable ASCII, in UCS-2: 70 units fit one segment, and 67 each
 * of two. The marks that turn text around unseen (U+061C, U+200E and the like) are left out.
 */
const arabic: SmsAlphabet = {
  encoding: 'UCS-2',
  segmentsMax: 2,
  unitsMax: 134,
  characters: /^[\n\u0020-\u007e\u060c\u061b\u061f\u0621-\u063a\u0641-\u0652]*$/,
};

const alphabets: Readonly<Record<Language, SmsAlphabet>> = {
  fr: latin,
  en: latin,
  de: latin,
  es: latin,
  it: latin,
  nl: latin,
  ar: arabic,
};

export function smsAlphabet(language: Language): SmsAlphabet {
  return alphabets[language];
}
