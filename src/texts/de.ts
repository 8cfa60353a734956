import type { MessageTexts } from './message-texts.ts';

export const deMessages: MessageTexts = {
  sms: {
    plain: 'Sie haben eine Erinnerung. Zum Lesen: ',
    withOptOut: 'Sie haben eine Erinnerung. Zum Abmelden STOP senden. Zum Lesen: ',
  },
  code: 'Ihr Code: {code}. Geben Sie ihn an niemanden weiter.',
  email: {
    subject: 'Sie haben eine Erinnerung',
    opening: 'Sie haben eine Erinnerung.',
    reading: 'Um sie zu lesen, öffnen Sie diesen Link:',
    link: 'Erinnerung lesen',
    never: 'Wir fragen nie nach Geld oder nach einem Passwort.',
    stopping:
      'Wenn Sie diese E-Mails nicht mehr bekommen möchten, nutzen Sie „Abmelden“ in Ihrem E-Mail-Programm.',
    address: 'Die Adresse des Links:',
  },
};
