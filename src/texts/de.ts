import { longDate } from './long-date.ts';
import type { MessageTexts } from './message-texts.ts';
import type { PatientTexts } from './patient-texts.ts';
import { zonePlace } from './zone-name.ts';

const help =
  'Rufen Sie dort an, wo Sie den Termin vereinbart haben, unter einer Nummer, die Sie schon kennen.';

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

export const de: PatientTexts = {
  tag: 'de',
  direction: 'ltr',
  name: 'Deutsch',
  title: 'Ihre Erinnerung',
  errorTitlePrefix: 'Fehler: ',
  skipToContent: 'Zum Inhalt',
  languageMenu: 'Sprache',
  help: `Brauchen Sie Hilfe? ${help}`,
  checkLink: 'Ist diese Nachricht echt?',

  landing: {
    heading: 'Sie haben eine Erinnerung',
    paragraphs: [
      'Sie ist privat. Deshalb müssen wir zuerst prüfen, ob Sie es wirklich sind.',
      'Sie brauchen kein Konto. Wir verlangen kein Geld von Ihnen.',
    ],
    continue: 'Weiter',
  },
  prove: {
    heading: 'Bitte bestätigen Sie, dass Sie es sind',
    errorHeading: 'Es gibt ein Problem',
    ways: {
      passkey: 'Ihren Passkey verwenden',
      pin: 'Ihre PIN verwenden',
      portal: 'Mit Ihrem Konto anmelden',
      birth_date: 'Das Geburtsdatum verwenden',
      code: 'Einen Code per SMS bekommen',
    },
    call: `${help} Dort sagt man Ihnen, was Sie wissen müssen.`,
  },
  pin: {
    intro: 'Geben Sie Ihre PIN ein, um Ihre Erinnerung zu lesen.',
    label: 'Ihre PIN',
    hint: '6 bis 8 Ziffern, die Sie bekommen haben, als Sie den Termin vereinbart haben. Es ist weder die PIN Ihrer Bankkarte noch die Ihres Telefons.',
    submit: 'Meine Erinnerung anzeigen',
    errors: {
      missing: 'Geben Sie Ihre PIN ein',
      malformed: 'Ihre PIN muss 6 bis 8 Ziffern haben',
      refused:
        'Das hat nicht geklappt. Prüfen Sie Ihre PIN und versuchen Sie es noch einmal. Warten Sie nach mehreren Versuchen 15 Minuten.',
    },
    without: 'Wenn Sie keine PIN haben',
  },
  birthDate: {
    intro: 'Geben Sie ein Geburtsdatum ein, um Ihre Erinnerung zu lesen.',
    legend: 'Geburtsdatum der Person, für die diese Erinnerung ist',
    hint: 'Zum Beispiel 27 3 1972',
    fields: [
      { part: 'day', label: 'Tag' },
      { part: 'month', label: 'Monat' },
      { part: 'year', label: 'Jahr' },
    ],
    submit: 'Meine Erinnerung anzeigen',
    errors: {
      missing: 'Geben Sie das Geburtsdatum ein',
      dayMissing: 'Im Geburtsdatum fehlt der Tag',
      monthMissing: 'Im Geburtsdatum fehlt der Monat',
      yearMissing: 'Im Geburtsdatum fehlt das Jahr',
      yearShort: 'Das Jahr muss 4 Ziffern haben',
      impossible: 'Das ist kein Geburtsdatum. Prüfen Sie Tag, Monat und Jahr',
      refused:
        'Das hat nicht geklappt. Prüfen Sie das Datum und versuchen Sie es noch einmal. Warten Sie nach mehreren Versuchen 15 Minuten.',
    },
    without: 'Wenn das bei Ihnen nicht geht',
  },
  code: {
    offer: [
      'Wir können einen Code an das Telefon schicken, das bei der Terminvereinbarung angegeben wurde. Den Code geben Sie dann hier ein.',
      'Wir schicken nichts, solange Sie nicht auf den Knopf drücken.',
    ],
    send: 'Code an mich schicken',
    haveOne: 'Den erhaltenen Code eingeben',
    heading: 'Geben Sie Ihren Code ein',
    sent: 'Der Code kommt per SMS. Das kann eine Minute dauern. Lassen Sie diese Seite offen.',
    label: 'Der Code aus der SMS',
    hint: '6 Ziffern. Sie gelten 10 Minuten lang, nur in diesem Browser.',
    submit: 'Meine Erinnerung anzeigen',
    errors: {
      missing: 'Geben Sie den Code aus der SMS ein',
      malformed: 'Der Code muss 6 Ziffern haben',
      refused:
        'Das hat nicht geklappt. Nehmen Sie den neuesten Code, oder fordern Sie einen anderen an. Warten Sie nach mehreren Versuchen 15 Minuten.',
    },
    againHeading: 'Wenn kein Code gekommen ist',
    againHint: 'Fordern Sie einen anderen an. Dann gilt nur noch der neueste.',
    again: 'Noch einen Code an mich schicken',
    without: 'Wenn Sie keine SMS empfangen können',
    sending: {
      tooSoon:
        'Gerade wurde ein Code angefordert. Warten Sie 30 Sekunden, bevor Sie einen anderen anfordern.',
      limit:
        'Wir können im Moment keinen weiteren Code schicken. Zu Ihrem Schutz schicken wir nur wenige.',
      refused:
        'Wir konnten den Code nicht schicken. Warten Sie eine Minute und versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.',
      optedOut:
        'Wir konnten den Code nicht schicken, weil von diesem Telefon mit STOP auf unsere Nachrichten geantwortet wurde. Um wieder welche zu bekommen, senden Sie START an dieselbe Nummer.',
      uncertain:
        'Wir wissen nicht, ob Ihr Code abgeschickt wurde. Wenn er in einer Minute nicht da ist, fordern Sie einen anderen an.',
    },
  },
  portal: {
    offer: [
      'Sie können sich mit dem Konto anmelden, das Sie dort haben, wo Sie den Termin vereinbart haben.',
      'Wir bringen Sie zu der Anmeldeseite, und von dort kommen Sie hierher zurück. Geben Sie Ihr Passwort nur auf jener Seite ein: Wir fragen nie danach.',
    ],
    start: 'Zur Anmeldeseite',
    problems: {
      unavailable:
        'Die Anmeldeseite ist gerade nicht erreichbar. Warten Sie ein paar Minuten, oder wählen Sie einen anderen Weg.',
      cancelled:
        'Die Anmeldung wurde nicht zu Ende geführt. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.',
      refused:
        'Das hat nicht geklappt. Prüfen Sie, ob Sie sich mit Ihrem eigenen Konto anmelden, oder wählen Sie einen anderen Weg.',
    },
    without: 'Wenn Sie kein Konto haben',
  },
  passkeys: {
    link: 'Nächstes Mal einen Passkey verwenden',
    ask: 'Verwenden Sie den Passkey, den Sie hier angelegt haben. Ihr Telefon oder Computer fragt nach Ihrem Fingerabdruck, Ihrem Gesicht oder seinem Code.',
    use: 'Meinen Passkey verwenden',
    missing: 'Passkeys gehen in diesem Browser nicht. Sie verlieren nichts: Es gibt andere Wege.',
    failed:
      'Das hat nicht geklappt, oder Sie haben es abgebrochen. Nichts wurde geändert. Sie können es noch einmal versuchen.',
    refused:
      'Das hat nicht geklappt. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.',
    without: 'Wenn Sie hier keinen Passkey haben',
    heading: 'Ihre Passkeys verwalten',
    about: [
      'Mit einem Passkey zeigen Sie mit Ihrem Fingerabdruck, Ihrem Gesicht oder dem Code Ihres Telefons, dass Sie es sind. Sie müssen sich nichts merken.',
      'Legen Sie einen nur auf einem Telefon oder Computer an, der Ihnen allein gehört. Er öffnet auch Ihre nächsten Erinnerungen von derselben Stelle.',
    ],
    make: 'Einen Passkey anlegen',
    yours: 'Ihre Passkeys',
    remove: (tag) => `${tag} entfernen`,
    back: 'Zurück',
    news: {
      made: 'Ihr Passkey ist angelegt. Nächstes Mal können Sie ihn verwenden.',
      refused: 'Der Passkey wurde nicht angelegt. Versuchen Sie es noch einmal.',
      tooMany: 'Sie haben zu viele Passkeys. Entfernen Sie zuerst einen.',
    },
  },
  details: {
    heading: 'Ihr Termin',
    moved: 'Dieser Termin wurde verschoben. Hier ist die neue Zeit.',
    cancelled: 'Dieser Termin ist abgesagt. Sie brauchen nicht zu kommen.',
    when: 'Wann',
    plannedFor: 'Er war geplant für',
    duration: 'Dauer',
    for: 'Für',
    practitioner: 'Bei',
    specialty: 'Fachgebiet',
    place: 'Wo',
    instructions: 'Was Sie vorher wissen sollten',
    phone: 'Telefon',
    reason: 'Grund',
    change:
      'Wenn Sie den Termin ändern möchten oder wenn etwas nicht zu stimmen scheint, rufen Sie bitte an.',
    again: 'Um einen anderen Termin zu vereinbaren, rufen Sie bitte an.',
    restHeading: 'Um alles zu sehen',
    rest: 'Das Geburtsdatum zeigt nur den Tag und die Uhrzeit. Wählen Sie für alles andere einen Weg:',
    closesIn: (duration) =>
      `Zu Ihrem Schutz funktioniert diese Seite nicht mehr, wenn Sie ${duration} lang nichts tun.`,
    closesFinally: (duration) =>
      `Zu Ihrem Schutz funktioniert diese Seite in ${duration} nicht mehr.`,
    moreTime: 'Ich brauche mehr Zeit',
    leaveHint: 'Wenn Sie fertig sind, verlassen Sie diese Seite, damit niemand sonst sie liest.',
    leave: 'Diese Seite verlassen',
  },
  locked: {
    heading: 'Zu viele falsche Antworten',
    paragraphs: [
      'Wir haben diesen Weg zur Erinnerung gesperrt, um die Person zu schützen, für die sie ist.',
      'Am Termin ändert das nichts.',
      help,
    ],
    otherWays: 'Was noch geht',
    helpCode: 'Hilfe-Code',
    helpCodeHint: 'Vielleicht fragt man Sie danach. Er sagt nichts über Sie.',
  },
  notices: {
    linkUnusable: {
      heading: 'Dieser Link funktioniert nicht mehr.',
      paragraphs: [
        'An Ihren Terminen ändert das nichts.',
        'Wenn Sie nicht sicher sind, wann Sie kommen sollen: Rufen Sie dort an, wo Sie den Termin vereinbart haben, unter einer Nummer, die Sie schon kennen.',
      ],
    },
    sessionEnded: {
      heading: 'Diese Seite wurde geschlossen',
      paragraphs: [
        'Zu Ihrem Schutz schließt sie sich nach einer Weile.',
        'Um zurückzukommen, öffnen Sie noch einmal den Link in Ihrer Nachricht. Wir prüfen dann wieder, ob Sie es sind.',
      ],
    },
    cookiesRefused: {
      heading: 'Ihr Browser nimmt keine Cookies an',
      paragraphs: [
        'Wir brauchen ein Cookie, um zu wissen, dass Sie es sind, bis Sie gehen. Zu etwas anderem dient es nicht.',
        'Erlauben Sie Cookies für diese Seite, oder nehmen Sie einen anderen Browser. Öffnen Sie dann noch einmal den Link in Ihrer Nachricht.',
      ],
    },
    formExpired: {
      heading: 'Dieses Formular ist zu alt',
      paragraphs: [
        'Es wurde nichts geändert.',
        'Öffnen Sie noch einmal den Link in Ihrer Nachricht.',
      ],
    },
    problem: {
      heading: 'Leider gibt es ein Problem mit diesem Dienst',
      paragraphs: [
        'An Ihrem Termin ändert das nichts.',
        'Warten Sie ein paar Minuten, und öffnen Sie dann noch einmal den Link in Ihrer Nachricht.',
      ],
    },
    left: {
      heading: 'Sie haben Ihre Erinnerung verlassen',
      paragraphs: [
        'Sie können dieses Fenster jetzt schließen.',
        'Um die Erinnerung noch einmal zu lesen, öffnen Sie den Link in Ihrer Nachricht.',
      ],
    },
  },
  optOut: {
    link: 'Diese Nachrichten nicht mehr bekommen',
    heading: 'Möchten Sie diese Nachrichten abbestellen?',
    stops: {
      sms: 'Wir schicken dann keine Erinnerungen mehr an diese Telefonnummer.',
      email: 'Wir schicken dann keine Erinnerungen mehr an diese E-Mail-Adresse.',
    },
    everywhere:
      'Das gilt für alle, die ihre Erinnerungen über uns verschicken, nicht nur für eine Stelle.',
    unchanged: 'Ihre Termine bleiben, wie sie sind. Nichts wird abgesagt.',
    button: 'Nachrichten abbestellen',
    back: 'Zurück, ohne etwas abzubestellen',
    doneHeading: 'Die Nachrichten sind abbestellt',
    stopped: {
      sms: 'Wir schicken keine Erinnerungen mehr an diese Telefonnummer.',
      email: 'Wir schicken keine Erinnerungen mehr an diese E-Mail-Adresse.',
    },
    onItsWay: 'Eine Nachricht, die schon unterwegs ist, kann noch ankommen.',
    again:
      'Wenn Sie wieder Nachrichten möchten: Fragen Sie dort, wo Sie den Termin vereinbart haben.',
    againByReply:
      'Wenn Sie wieder Nachrichten möchten: Senden Sie das Wort START an die Nummer, von der sie kamen, oder fragen Sie dort, wo Sie den Termin vereinbart haben.',
  },
  check: {
    heading: 'Ist diese Nachricht echt?',
    intro:
      'Unsere Nachrichten sagen sehr wenig. Das ist Absicht: Wer Ihr Telefon sieht, erfährt nichts über Sie.',
    sentencesHeading: 'Was unsere Nachrichten sagen',
    sentences:
      'Immer genau einen dieser Sätze, dann einen einzigen Link. Nie einen Namen, ein Datum oder einen Ort.',
    linkHeading: 'Woher sie kommen',
    link: 'Der Link beginnt immer so, Zeichen für Zeichen:',
    sender: (sender) => `Der Absender unserer SMS ist immer ${sender}.`,
    subject: 'Unsere E-Mails sagen dasselbe und haben immer eine dieser Betreffzeilen:',
    emailSender: (address) => `Unsere E-Mails kommen immer von ${address}.`,
    code: 'Wenn Sie auf unserer Seite einen Code anfordern, kommt er in einer dieser Nachrichten. Sie enthält keinen Link.',
    neverHeading: 'Wonach wir nie fragen',
    never: [
      'Geld oder die Nummer einer Bankkarte',
      'Ihr Bankkonto oder etwas, das Sie von Ihrer Bank bekommen haben',
      'Ein Passwort',
    ],
    doubtHeading: 'Wenn Sie nicht sicher sind',
    doubt: [
      'Öffnen Sie den Link nicht. Sie verlieren nichts: Ihr Termin bleibt, wie er ist.',
      `${help} Nehmen Sie keine Nummer aus der Nachricht.`,
    ],
  },

  writeDate: (date) => longDate('de-DE', date),
  writeTime: ({ hour, minute }) =>
    `um ${hour}${minute === 0 ? '' : `:${String(minute).padStart(2, '0')}`} Uhr`,
  writeZone: (at) => `Ortszeit: ${zonePlace('de', at)}`,
};
