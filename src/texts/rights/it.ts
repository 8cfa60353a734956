import type { RightsTexts } from '../rights-texts.ts';

/** Before 8 and 11, which begin with a vowel, the article loses its own. */
const il = (date: string) => (/^(?:8|11) /.test(date) ? `l’${date}` : `il ${date}`);

export const itRights: RightsTexts = {
  link: 'Che cosa conserviamo di lei',
  heading: 'Che cosa conserviamo di lei',
  intro:
    'Questo è tutto ciò che conserviamo per questo promemoria. È chiuso e si apre solo con il suo link.',
  fromBooking: 'Da dove ha prenotato',
  yourPhone: 'Il suo numero di telefono',
  yourEmail: 'Il suo indirizzo e-mail',
  yourLanguage: 'La sua lingua',
  yourBirthDate: 'La sua data di nascita',
  yourAccount: 'Il suo identificativo là',
  yourPin: 'Il suo PIN',
  pinSet: 'Ne conserviamo uno. Non viene mostrato.',
  messages: 'Messaggi per lei',
  channels: { sms: 'SMS', email: 'E-mail' },
  states: {
    planned: 'previsto',
    sent: 'inviato',
    not_sent: 'non inviato',
    unknown: 'non sappiamo se è partito',
  },
  stoppedSince: (date) => `Ha fermato i nostri messaggi ${il(date)}.`,
  keptUntil: (date) =>
    `Tutto questo scompare da solo ${il(date)}. Dopo conserviamo per un po’ che c’è stato un promemoria e quando, ma non di chi.`,
  download: 'Salva una copia',
  eraseLink: 'Cancella tutto questo adesso',
  back: 'Torna al promemoria',
  erase: {
    heading: 'Vuole cancellare questo promemoria?',
    paragraphs: [
      'Distruggiamo subito tutto ciò che ha visto qui. Non riceverà altri promemoria di questo appuntamento, e il suo link non funzionerà più.',
      'Il suo appuntamento resta com’è. Se non vuole andarci, chiami dove ha prenotato.',
      'Là sapranno che ha cancellato il promemoria. I loro archivi non possiamo cancellarli noi.',
      'Non si può tornare indietro.',
    ],
    button: 'Cancella tutto',
    back: 'Torna indietro senza cancellare',
  },
  erased: {
    heading: 'Tutto è cancellato',
    paragraphs: [
      'Il suo appuntamento resta com’è.',
      'Un messaggio già partito può ancora arrivare. Il suo link non funziona più.',
    ],
    receiptHeading: 'La sua ricevuta',
    receiptHint: 'Se vuole poterlo dimostrare, conservi questo testo. Non dice chi è lei.',
  },
  passkeys: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: creata ${il(madeOn)}, usata l’ultima volta ${il(usedOn)}`,
    warning:
      'Qui ha delle passkey. Forse aprono anche altri promemoria dello stesso posto. Eliminiamo anche quelle, a meno che non le tenga.',
    keep: 'Cancella, ma tieni le mie passkey',
    removed:
      'Le sue passkey sono eliminate qui. Per toglierle anche dal suo telefono o computer, le elimini lì.',
  },
};
