import type { MessageTexts } from './message-texts.ts';

export const nlMessages: MessageTexts = {
  sms: {
    plain: 'U hebt een herinnering. Om te lezen: ',
    withOptOut: 'U hebt een herinnering. Afmelden: antwoord STOP. Om te lezen: ',
  },
  code: 'Uw code: {code}. Geef deze aan niemand.',
  email: {
    subject: 'U hebt een herinnering',
    opening: 'U hebt een herinnering.',
    reading: 'Open deze link om de herinnering te lezen:',
    link: 'Herinnering lezen',
    never: 'Wij vragen nooit om geld of om een wachtwoord.',
    stopping:
      'Wilt u deze e-mails niet meer ontvangen? Gebruik dan ‘Afmelden’ in uw e-mailprogramma.',
    address: 'Het adres van de link:',
  },
};
