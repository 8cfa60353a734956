import { longDate } from './long-date.ts';
import type { MessageTexts } from './message-texts.ts';
import type { PatientTexts } from './patient-texts.ts';
import { zonePlace } from './zone-name.ts';

const help = 'Chiami il posto dove ha prenotato, a un numero che conosce già.';

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
    link: 'Legga il promemoria',
    never: 'Non chiediamo mai denaro né password.',
    stopping:
      'Per non ricevere più queste e-mail, usi la funzione di disiscrizione del suo programma di posta.',
    address: 'L’indirizzo del link:',
  },
};

export const it: PatientTexts = {
  tag: 'it',
  direction: 'ltr',
  name: 'Italiano',
  title: 'Il suo promemoria',
  errorTitlePrefix: 'Errore: ',
  skipToContent: 'Vai al contenuto',
  languageMenu: 'Lingua',
  help: `Ha bisogno di aiuto? ${help}`,
  checkLink: 'Questo messaggio è autentico?',

  landing: {
    heading: 'Ha un promemoria',
    paragraphs: [
      'È privato. Per questo dobbiamo prima verificare che sia proprio lei.',
      'Non serve un account. Non le chiederemo denaro.',
    ],
    continue: 'Continua',
  },
  prove: {
    heading: 'Verifichiamo che sia proprio lei',
    errorHeading: 'C’è un problema',
    ways: {
      passkey: 'Usare la sua passkey',
      pin: 'Usare il suo PIN',
      portal: 'Accedere con il suo account',
      birth_date: 'Usare la data di nascita',
      code: 'Ricevere un codice per SMS',
    },
    call: `${help} Le diranno quello che deve sapere.`,
  },
  pin: {
    intro: 'Inserisca il suo PIN per leggere il promemoria.',
    label: 'Il suo PIN',
    hint: 'Da 6 a 8 cifre che ha ricevuto quando ha prenotato. Non è il PIN della sua carta bancaria né quello del suo telefono.',
    submit: 'Mostra il promemoria',
    errors: {
      missing: 'Inserisca il suo PIN',
      malformed: 'Il suo PIN deve avere da 6 a 8 cifre',
      refused:
        'Non ha funzionato. Controlli il suo PIN e riprovi. Dopo vari tentativi, aspetti 15 minuti.',
    },
    without: 'Se non ha un PIN',
  },
  birthDate: {
    intro: 'Inserisca una data di nascita per leggere il promemoria.',
    legend: 'Data di nascita della persona a cui è destinato questo promemoria',
    hint: 'Per esempio, 27 3 1972',
    fields: [
      { part: 'day', label: 'Giorno' },
      { part: 'month', label: 'Mese' },
      { part: 'year', label: 'Anno' },
    ],
    submit: 'Mostra il promemoria',
    errors: {
      missing: 'Inserisca la data di nascita',
      dayMissing: 'Nella data di nascita manca il giorno',
      monthMissing: 'Nella data di nascita manca il mese',
      yearMissing: 'Nella data di nascita manca l’anno',
      yearShort: 'L’anno deve avere 4 cifre',
      impossible: 'Non è una data di nascita. Controlli il giorno, il mese e l’anno',
      refused:
        'Non ha funzionato. Controlli la data e riprovi. Dopo vari tentativi, aspetti 15 minuti.',
    },
    without: 'Se così non riesce',
  },
  code: {
    offer: [
      'Possiamo inviare un codice al telefono indicato al momento della prenotazione. Poi lo inserirà qui.',
      'Non inviamo nulla finché non preme il pulsante.',
    ],
    send: 'Inviami un codice',
    haveOne: 'Inserire il codice ricevuto',
    heading: 'Inserisca il suo codice',
    sent: 'Il codice arriva per SMS. Può volerci un minuto. Lasci aperta questa pagina.',
    label: 'Il codice ricevuto per SMS',
    hint: '6 cifre. Valgono per 10 minuti, solo in questo browser.',
    submit: 'Mostra il promemoria',
    errors: {
      missing: 'Inserisca il codice ricevuto per SMS',
      malformed: 'Il codice deve avere 6 cifre',
      refused:
        'Non ha funzionato. Usi il codice più recente, o ne chieda un altro. Dopo vari tentativi, aspetti 15 minuti.',
    },
    againHeading: 'Se non è arrivato nessun codice',
    againHint: 'Ne chieda un altro. A quel punto vale solo il più recente.',
    again: 'Inviami un altro codice',
    without: 'Se non può ricevere SMS',
    sending: {
      tooSoon: 'È appena stato chiesto un codice. Aspetti 30 secondi prima di chiederne un altro.',
      limit:
        'Per ora non possiamo inviare un altro codice. Per proteggerla, ne inviamo pochissimi.',
      refused:
        'Non siamo riusciti a inviare il codice. Aspetti un minuto e riprovi, o scelga un altro modo.',
      optedOut:
        'Non siamo riusciti a inviare il codice, perché da quel telefono qualcuno ha risposto STOP ai nostri messaggi. Per riceverli di nuovo, invii START allo stesso numero.',
      uncertain:
        'Non sappiamo se il suo codice è partito. Se entro un minuto non è arrivato, ne chieda un altro.',
    },
  },
  portal: {
    offer: [
      'Può accedere con l’account che ha nel posto dove ha prenotato.',
      'La portiamo alla sua pagina di accesso, e da lì torna qui. Scriva la password solo su quella pagina: noi non la chiediamo mai.',
    ],
    start: 'Vai alla pagina di accesso',
    problems: {
      unavailable:
        'La pagina di accesso in questo momento non risponde. Aspetti qualche minuto o scelga un altro modo.',
      cancelled: 'L’accesso non è stato completato. Riprovi o scelga un altro modo.',
      refused:
        'Non ha funzionato. Controlli di accedere con il suo account o scelga un altro modo.',
    },
    without: 'Se non ha un account',
  },
  passkeys: {
    link: 'Usare una passkey la prossima volta',
    ask: 'Usi la passkey che ha creato qui. Il suo telefono o computer le chiede l’impronta, il viso o il suo codice.',
    use: 'Usa la mia passkey',
    missing: 'Le passkey non funzionano in questo browser. Non perde nulla: ci sono altri modi.',
    failed: 'Non ha funzionato, o lo ha fermato. Non è cambiato nulla. Può riprovare.',
    refused: 'Non ha funzionato. Riprovi o scelga un altro modo.',
    without: 'Se qui non ha una passkey',
    heading: 'Passkey',
    about: [
      'Con una passkey dimostra che è lei con l’impronta, il viso o il codice del telefono. Non deve ricordare nulla.',
      'Ne crei una solo su un telefono o computer che è soltanto suo. Apre anche i suoi prossimi promemoria dello stesso posto.',
    ],
    make: 'Crea una passkey',
    yours: 'Le sue passkey',
    remove: (tag) => `Elimina ${tag}`,
    back: 'Torna indietro',
    news: {
      made: 'La sua passkey è stata creata. La prossima volta potrà usarla.',
      refused: 'La passkey non è stata creata. Riprovi.',
      tooMany: 'Ha troppe passkey. Ne elimini prima una.',
    },
  },
  details: {
    heading: 'Il suo appuntamento',
    moved: 'Questo appuntamento è stato spostato. Ecco la nuova data.',
    cancelled: 'Questo appuntamento è annullato. Non c’è bisogno di venire.',
    when: 'Quando',
    plannedFor: 'Era previsto per',
    duration: 'Durata',
    for: 'Per',
    practitioner: 'Con',
    specialty: 'Specialità',
    place: 'Dove',
    instructions: 'Cosa sapere prima di venire',
    phone: 'Telefono',
    reason: 'Motivo',
    change: 'Per cambiare l’appuntamento, o se qualcosa non le torna, telefoni.',
    again: 'Per prendere un altro appuntamento, telefoni.',
    restHeading: 'Per vedere tutto',
    rest: 'La data di nascita mostra solo il giorno e l’ora. Per il resto, scelga un modo:',
    closesIn: (duration) =>
      `Per proteggerla, questa pagina smette di funzionare se non fa nulla per ${duration}.`,
    closesFinally: (duration) =>
      `Per proteggerla, questa pagina smette di funzionare tra ${duration}.`,
    moreTime: 'Mi serve più tempo',
    leaveHint: 'Quando ha finito, esca da questa pagina, così nessun altro può leggerla.',
    leave: 'Esci da questa pagina',
  },
  locked: {
    heading: 'Troppe risposte sbagliate',
    paragraphs: [
      'Abbiamo bloccato questo accesso al promemoria per proteggere la persona a cui è destinato.',
      'Per l’appuntamento non cambia nulla.',
      help,
    ],
    otherWays: 'Che cosa funziona ancora',
    helpCode: 'Codice di aiuto',
    helpCodeHint: 'Forse glielo chiederanno. Non dice nulla di lei.',
  },
  notices: {
    linkUnusable: {
      heading: 'Questo link non funziona più.',
      paragraphs: [
        'Per i suoi appuntamenti non cambia nulla.',
        'Se non sa bene quando venire: chiami il posto dove ha prenotato, a un numero che conosce già.',
      ],
    },
    sessionEnded: {
      heading: 'Questa pagina si è chiusa',
      paragraphs: [
        'Per proteggerla, si chiude dopo un po’.',
        'Per tornare, apra di nuovo il link del suo messaggio. Verificheremo di nuovo che sia lei.',
      ],
    },
    cookiesRefused: {
      heading: 'Il suo browser rifiuta i cookie',
      paragraphs: [
        'Ce ne serve uno, per ricordare che è lei finché non esce. Non serve ad altro.',
        'Permetta i cookie per questo sito, o usi un altro browser. Poi apra di nuovo il link del suo messaggio.',
      ],
    },
    formExpired: {
      heading: 'Questo modulo è troppo vecchio',
      paragraphs: ['Non è stato cambiato nulla.', 'Apra di nuovo il link del suo messaggio.'],
    },
    problem: {
      heading: 'Ci dispiace, il servizio ha un problema',
      paragraphs: [
        'Per il suo appuntamento non cambia nulla.',
        'Aspetti qualche minuto, poi apra di nuovo il link del suo messaggio.',
      ],
    },
    left: {
      heading: 'Ha lasciato il promemoria',
      paragraphs: [
        'Ora può chiudere questa finestra.',
        'Per rileggere il promemoria, apra il link del suo messaggio.',
      ],
    },
  },
  optOut: {
    link: 'Non ricevere più questi messaggi',
    heading: 'Vuole smettere di ricevere questi messaggi?',
    stops: {
      sms: 'Non invieremo più promemoria a questo numero di telefono.',
      email: 'Non invieremo più promemoria a questo indirizzo e-mail.',
    },
    everywhere:
      'Vale per tutti quelli che inviano i promemoria con il nostro servizio, non solo per uno.',
    unchanged: 'I suoi appuntamenti restano come sono. Non viene annullato nulla.',
    button: 'Ferma i messaggi',
    back: 'Torna indietro senza fermarli',
    doneHeading: 'I messaggi sono stati fermati',
    stopped: {
      sms: 'Non inviamo più promemoria a questo numero di telefono.',
      email: 'Non inviamo più promemoria a questo indirizzo e-mail.',
    },
    onItsWay: 'Un messaggio già partito può ancora arrivare.',
    again: 'Se vuole di nuovo i messaggi: lo chieda dove ha prenotato.',
    againByReply:
      'Se vuole di nuovo i messaggi: invii la parola START al numero da cui arrivavano, o lo chieda dove ha prenotato.',
  },
  check: {
    heading: 'Questo messaggio è autentico?',
    intro:
      'I nostri messaggi dicono pochissimo. È voluto: chi vede il suo telefono non scopre nulla di lei.',
    sentencesHeading: 'Che cosa dicono i nostri messaggi',
    sentences:
      'Sempre esattamente una di queste frasi, poi un solo link. Mai un nome, una data o un luogo.',
    linkHeading: 'Da dove vengono',
    link: 'Il link comincia sempre così, lettera per lettera:',
    sender: (sender) => `Il mittente dei nostri SMS è sempre ${sender}.`,
    subject: 'Le nostre e-mail dicono la stessa cosa, sempre con uno di questi oggetti:',
    emailSender: (address) => `Le nostre e-mail vengono sempre da ${address}.`,
    code: 'Se chiede un codice sulla nostra pagina, arriva in uno di questi messaggi. Non contiene nessun link.',
    neverHeading: 'Che cosa non chiediamo mai',
    never: [
      'Denaro, o il numero di una carta bancaria',
      'Il suo conto in banca, o qualsiasi cosa le abbia dato la banca',
      'Una password',
    ],
    doubtHeading: 'Se ha un dubbio',
    doubt: [
      'Non apra il link. Non perde nulla: il suo appuntamento resta com’è.',
      `${help} Non usi un numero scritto nel messaggio.`,
    ],
  },

  writeDate: (date) =>
    longDate('it-IT', date)
      .replace(' 1 ', ' 1º ')
      .replace(/^./, (first) => first.toUpperCase()),
  writeTime: ({ hour, minute }) => `alle ore ${hour}:${String(minute).padStart(2, '0')}`,
  writeZone: (at) => `ora locale: ${zonePlace('it', at)}`,
};
