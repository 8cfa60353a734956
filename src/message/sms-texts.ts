import type { Language } from '../domain/language.ts';

/** What stands before the link: as it is, and for a sender that can receive an answer. */
export interface SmsText {
  readonly plain: string;
  readonly withOptOut: string;
}

/**
 * Every SMS that Sotto sends to say that there is something to read: one of these, then the link.
 *
 * The texts are constants in the code so that no setting and no request can put a word into them.
 * They speak of no health, appointment, date, place or organisation. They keep to the GSM-7
 * alphabet (3GPP TS 23.038, 6.2.1): `ç ê á í ó ú ’` and the no-break space are not in it, and one
 * of them would cut a message from 160 characters to 70. Beside a link of 93 characters a text has
 * 67. The link comes last, where no phone takes the next word for a part of it; STOP comes before
 * it, and never CANCEL, which carriers take for STOP.
 */
export const smsTexts: Readonly<Record<Language, SmsText>> = {
  fr: {
    plain: 'Vous avez un rappel. Pour le lire : ',
    withOptOut: 'Vous avez un rappel. Pour stopper, répondez STOP. Pour le lire : ',
  },
  en: {
    plain: 'You have a reminder. To read it: ',
    withOptOut: 'You have a reminder. Reply STOP to opt out. To read it: ',
  },
  de: {
    plain: 'Sie haben eine Erinnerung. Zum Lesen: ',
    withOptOut: 'Sie haben eine Erinnerung. Zum Abmelden STOP senden. Zum Lesen: ',
  },
  es: {
    plain: 'Tiene un recordatorio. Para leerlo: ',
    withOptOut: 'Tiene un recordatorio. Para darse de baja: STOP. Para leerlo: ',
  },
  it: {
    plain: 'Ha un promemoria. Per leggerlo: ',
    withOptOut: 'Ha un promemoria. Per non riceverne più: STOP. Per leggerlo: ',
  },
  nl: {
    plain: 'U hebt een herinnering. Om te lezen: ',
    withOptOut: 'U hebt een herinnering. Afmelden: antwoord STOP. Om te lezen: ',
  },
};

/** The constant text before the link, its last space included. */
export function smsSentence(language: Language, optOut: boolean): string {
  const text = smsTexts[language];
  return optOut ? text.withOptOut : text.plain;
}
