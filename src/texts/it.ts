import type { MessageTexts } from './message-texts.ts';

export const itMessages: MessageTexts = {
  sms: {
    plain: 'Ha un promemoria. Per leggerlo: ',
    withOptOut: 'Ha un promemoria. Per non riceverne più: STOP. Per leggerlo: ',
  },
  code: 'Il suo codice: {code}. Non lo dia a nessuno.',
  email: {
    subject: 'Ha un promemoria',
    opening: 'Ha un promemoria.',
    reading: 'Per leggerlo, apra questo link:',
    link: 'Leggi il promemoria',
    never: 'Non chiediamo mai denaro né password.',
    stopping:
      'Per non ricevere più queste e-mail, usi la funzione di disiscrizione del suo programma di posta.',
    address: 'L’indirizzo del link:',
  },
};
