import type { Channel } from '../domain/channel.ts';
import type { HeldState } from '../domain/held-data.ts';
import type { Language } from '../domain/language.ts';

/** The words of the pages on what is held about a reader, and on its end; only seen after proof. */
export interface RightsTexts {
  /** The quiet way there from the details page. */
  readonly link: string;
  readonly heading: string;
  readonly intro: string;
  readonly fromBooking: string;
  readonly yourPhone: string;
  readonly yourEmail: string;
  readonly yourLanguage: string;
  readonly yourBirthDate: string;
  /** An opaque name that a portal or the place of booking knows the reader by. */
  readonly yourAccount: string;
  readonly yourPin: string;
  /** That there is one: which, is shown to nobody. */
  readonly pinSet: string;
  readonly messages: string;
  readonly channels: Readonly<Record<Channel, string>>;
  readonly states: Readonly<Record<HeldState, string>>;
  readonly stoppedSince: (date: string) => string;
  readonly keptUntil: (date: string) => string;
  readonly download: string;
  readonly eraseLink: string;
  readonly back: string;
  readonly erase: {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    readonly button: string;
    readonly back: string;
  };
  readonly erased: {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    readonly receiptHeading: string;
    readonly receiptHint: string;
  };
}

const nb = '\u00a0';

const texts: Readonly<Record<Language, RightsTexts>> = {
  en: {
    link: 'What we keep about you',
    heading: 'What we keep about you',
    intro:
      'This is everything we keep for this reminder. It is locked, and opens only with your link.',
    fromBooking: 'From the place where you booked',
    yourPhone: 'Your phone number',
    yourEmail: 'Your email address',
    yourLanguage: 'Your language',
    yourBirthDate: 'Your date of birth',
    yourAccount: 'Your account number there',
    yourPin: 'Your PIN',
    pinSet: 'We keep one. It is not shown.',
    messages: 'Messages to you',
    channels: { sms: 'Text message', email: 'Email' },
    states: {
      planned: 'planned',
      sent: 'sent',
      not_sent: 'not sent',
      unknown: 'we do not know whether it went out',
    },
    stoppedSince: (date) => `You stopped our messages on ${date}.`,
    keptUntil: (date) =>
      `All of this goes by itself on ${date}. After that we keep for a while that there was a reminder and when, but not whose.`,
    download: 'Save a copy',
    eraseLink: 'Erase all of this now',
    back: 'Back to the reminder',
    erase: {
      heading: 'Do you want to erase this reminder?',
      paragraphs: [
        'We then destroy at once everything you have seen here. You get no more reminders of this appointment, and your link stops working.',
        'Your appointment stays as it is. If you do not want to go, call the place where you booked.',
        'That place is told that you erased the reminder. Its own records are not ours to erase.',
        'This cannot be undone.',
      ],
      button: 'Erase everything',
      back: 'Go back without erasing',
    },
    erased: {
      heading: 'Everything is erased',
      paragraphs: [
        'Your appointment stays as it is.',
        'A message that is already on its way may still arrive. Its link no longer works.',
      ],
      receiptHeading: 'Your receipt',
      receiptHint:
        'If you want to be able to prove it, keep this text. It does not say who you are.',
    },
  },
  fr: {
    link: 'Ce que nous gardons sur vous',
    heading: 'Ce que nous gardons sur vous',
    intro:
      'C’est tout ce que nous gardons pour ce rappel. Tout est verrouillé et ne s’ouvre qu’avec votre lien.',
    fromBooking: 'Ce qu’on nous a transmis pour ce rendez-vous',
    yourPhone: 'Votre numéro de téléphone',
    yourEmail: 'Votre adresse e-mail',
    yourLanguage: 'Votre langue',
    yourBirthDate: 'Votre date de naissance',
    yourAccount: 'Votre identifiant chez eux',
    yourPin: 'Votre code PIN',
    pinSet: 'Nous en gardons un. Il n’est pas affiché.',
    messages: 'Messages pour vous',
    channels: { sms: 'SMS', email: 'E-mail' },
    states: {
      planned: 'prévu',
      sent: 'envoyé',
      not_sent: 'non envoyé',
      unknown: 'nous ne savons pas s’il est parti',
    },
    stoppedSince: (date) => `Vous avez arrêté nos messages le ${date}.`,
    keptUntil: (date) =>
      `Tout cela disparaît de soi-même le ${date}. Ensuite, nous gardons quelque temps qu’il y a eu un rappel et quand, mais pas pour qui.`,
    download: 'Enregistrer une copie',
    eraseLink: 'Tout effacer maintenant',
    back: 'Revenir au rappel',
    erase: {
      heading: `Voulez-vous effacer ce rappel${nb}?`,
      paragraphs: [
        'Nous détruisons alors aussitôt tout ce que vous avez vu ici. Vous ne recevrez plus de rappel de ce rendez-vous, et votre lien ne marchera plus.',
        'Votre rendez-vous reste tel quel. Si vous ne voulez pas y aller, appelez là où vous l’avez pris.',
        'On y apprendra que vous avez effacé le rappel. Leurs propres dossiers, nous ne pouvons pas les effacer.',
        'C’est définitif.',
      ],
      button: 'Tout effacer',
      back: 'Revenir sans rien effacer',
    },
    erased: {
      heading: 'Tout est effacé',
      paragraphs: [
        'Votre rendez-vous reste tel quel.',
        'Un message déjà parti peut encore arriver. Son lien ne marche plus.',
      ],
      receiptHeading: 'Votre reçu',
      receiptHint: `Pour pouvoir le prouver, gardez ce texte. Il ne dit pas qui vous êtes.`,
    },
  },
  de: {
    link: 'Was wir über Sie aufbewahren',
    heading: 'Was wir über Sie aufbewahren',
    intro:
      'Das ist alles, was wir für diese Erinnerung aufbewahren. Es ist verschlossen und öffnet sich nur mit Ihrem Link.',
    fromBooking: 'Von dort, wo Sie den Termin vereinbart haben',
    yourPhone: 'Ihre Telefonnummer',
    yourEmail: 'Ihre E-Mail-Adresse',
    yourLanguage: 'Ihre Sprache',
    yourBirthDate: 'Ihr Geburtsdatum',
    yourAccount: 'Ihre Kennung dort',
    yourPin: 'Ihre PIN',
    pinSet: 'Wir bewahren eine auf. Sie wird nicht angezeigt.',
    messages: 'Nachrichten an Sie',
    channels: { sms: 'SMS', email: 'E-Mail' },
    states: {
      planned: 'geplant',
      sent: 'gesendet',
      not_sent: 'nicht gesendet',
      unknown: 'wir wissen nicht, ob sie hinausging',
    },
    stoppedSince: (date) => `Sie haben unsere Nachrichten am ${date} abbestellt.`,
    keptUntil: (date) =>
      `All das verschwindet von selbst am ${date}. Danach bewahren wir eine Weile auf, dass es eine Erinnerung gab und wann, aber nicht für wen.`,
    download: 'Eine Kopie speichern',
    eraseLink: 'All das jetzt löschen',
    back: 'Zurück zur Erinnerung',
    erase: {
      heading: 'Möchten Sie diese Erinnerung löschen?',
      paragraphs: [
        'Wir vernichten dann sofort alles, was Sie hier gesehen haben. Sie bekommen keine Erinnerung mehr an diesen Termin, und Ihr Link öffnet nichts mehr.',
        'Ihr Termin bleibt, wie er ist. Wenn Sie nicht hingehen möchten, rufen Sie dort an, wo Sie ihn vereinbart haben.',
        'Dort wird mitgeteilt, dass Sie die Erinnerung gelöscht haben. Die Unterlagen dort können wir nicht löschen.',
        'Das lässt sich nicht rückgängig machen.',
      ],
      button: 'Alles löschen',
      back: 'Zurück, ohne etwas zu löschen',
    },
    erased: {
      heading: 'Alles ist gelöscht',
      paragraphs: [
        'Ihr Termin bleibt, wie er ist.',
        'Eine Nachricht, die schon unterwegs ist, kann noch ankommen. Ihr Link öffnet nichts mehr.',
      ],
      receiptHeading: 'Ihre Quittung',
      receiptHint:
        'Wenn Sie es beweisen können möchten, bewahren Sie diesen Text auf. Er sagt nicht, wer Sie sind.',
    },
  },
  es: {
    link: 'Lo que guardamos sobre usted',
    heading: 'Lo que guardamos sobre usted',
    intro:
      'Esto es todo lo que guardamos para este recordatorio. Está cerrado y solo se abre con su enlace.',
    fromBooking: 'Del lugar donde pidió la cita',
    yourPhone: 'Su número de teléfono',
    yourEmail: 'Su dirección de correo',
    yourLanguage: 'Su idioma',
    yourBirthDate: 'Su fecha de nacimiento',
    yourAccount: 'Su identificador allí',
    yourPin: 'Su PIN',
    pinSet: 'Guardamos uno. No se muestra.',
    messages: 'Mensajes para usted',
    channels: { sms: 'SMS', email: 'Correo' },
    states: {
      planned: 'previsto',
      sent: 'enviado',
      not_sent: 'no enviado',
      unknown: 'no sabemos si salió',
    },
    stoppedSince: (date) => `Usted dejó de recibir nuestros mensajes el ${date}.`,
    keptUntil: (date) =>
      `Todo esto desaparece por sí solo el ${date}. Después guardamos un tiempo que hubo un recordatorio y cuándo, pero no de quién.`,
    download: 'Guardar una copia',
    eraseLink: 'Borrar todo esto ahora',
    back: 'Volver al recordatorio',
    erase: {
      heading: '¿Quiere borrar este recordatorio?',
      paragraphs: [
        'Destruimos al momento todo lo que ha visto aquí. Ya no recibirá recordatorios de esta cita, y su enlace dejará de funcionar.',
        'Su cita sigue igual. Si no quiere ir, llame al lugar donde la pidió.',
        'Allí sabrán que usted ha borrado el recordatorio. Sus propios archivos no podemos borrarlos.',
        'Esto no se puede deshacer.',
      ],
      button: 'Borrar todo',
      back: 'Volver sin borrar nada',
    },
    erased: {
      heading: 'Todo está borrado',
      paragraphs: [
        'Su cita sigue igual.',
        'Un mensaje que ya esté en camino todavía puede llegar. Su enlace ya no funciona.',
      ],
      receiptHeading: 'Su justificante',
      receiptHint: 'Si quiere poder demostrarlo, guarde este texto. No dice quién es usted.',
    },
  },
  it: {
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
    stoppedSince: (date) => `Ha fermato i nostri messaggi il ${date}.`,
    keptUntil: (date) =>
      `Tutto questo scompare da solo il ${date}. Dopo conserviamo per un po’ che c’è stato un promemoria e quando, ma non di chi.`,
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
  },
  nl: {
    link: 'Wat we over u bewaren',
    heading: 'Wat we over u bewaren',
    intro:
      'Dit is alles wat we voor deze herinnering bewaren. Het zit op slot en gaat alleen open met uw link.',
    fromBooking: 'Van de plek waar u de afspraak hebt gemaakt',
    yourPhone: 'Uw telefoonnummer',
    yourEmail: 'Uw e-mailadres',
    yourLanguage: 'Uw taal',
    yourBirthDate: 'Uw geboortedatum',
    yourAccount: 'Uw kenmerk daar',
    yourPin: 'Uw pincode',
    pinSet: 'We bewaren er een. Die wordt niet getoond.',
    messages: 'Berichten aan u',
    channels: { sms: 'Sms', email: 'E-mail' },
    states: {
      planned: 'gepland',
      sent: 'verstuurd',
      not_sent: 'niet verstuurd',
      unknown: 'we weten niet of het is verstuurd',
    },
    stoppedSince: (date) => `U hebt onze berichten gestopt op ${date}.`,
    keptUntil: (date) =>
      `Dit alles verdwijnt vanzelf op ${date}. Daarna bewaren we een tijdje dat er een herinnering was en wanneer, maar niet van wie.`,
    download: 'Een kopie bewaren',
    eraseLink: 'Dit alles nu wissen',
    back: 'Terug naar de herinnering',
    erase: {
      heading: 'Wilt u deze herinnering wissen?',
      paragraphs: [
        'We vernietigen dan meteen alles wat u hier hebt gezien. U krijgt geen herinneringen meer aan deze afspraak, en uw link werkt niet meer.',
        'Uw afspraak blijft zoals ze is. Wilt u niet gaan? Bel de plek waar u haar hebt gemaakt.',
        'Daar horen ze dat u de herinnering hebt gewist. Hun eigen dossiers kunnen wij niet wissen.',
        'Dit kan niet ongedaan worden gemaakt.',
      ],
      button: 'Alles wissen',
      back: 'Terug zonder te wissen',
    },
    erased: {
      heading: 'Alles is gewist',
      paragraphs: [
        'Uw afspraak blijft zoals ze is.',
        'Een bericht dat al onderweg is, kan nog aankomen. De link erin werkt niet meer.',
      ],
      receiptHeading: 'Uw bewijs',
      receiptHint:
        'Wilt u het kunnen aantonen? Bewaar dan deze tekst. Er staat niet in wie u bent.',
    },
  },
  ar: {
    link: 'ما نحتفظ به عنك',
    heading: 'ما نحتفظ به عنك',
    intro: 'هذا كل ما نحتفظ به لهذا التذكير. وهو مقفل، ولا يُفتح إلا برابطك.',
    fromBooking: 'من المكان الذي حجزت فيه',
    yourPhone: 'رقم هاتفك',
    yourEmail: 'عنوان بريدك الإلكتروني',
    yourLanguage: 'لغتك',
    yourBirthDate: 'تاريخ ميلادك',
    yourAccount: 'معرّفك لديهم',
    yourPin: 'رقمك السري',
    pinSet: 'نحتفظ برقم سري. ولا يُعرض.',
    messages: 'الرسائل إليك',
    channels: { sms: 'رسالة نصية', email: 'بريد إلكتروني' },
    states: {
      planned: 'مقررة',
      sent: 'أُرسلت',
      not_sent: 'لم تُرسل',
      unknown: 'لا نعلم هل أُرسلت',
    },
    stoppedSince: (date) => `أوقفت رسائلنا في ${date}.`,
    keptUntil: (date) =>
      `يزول كل هذا من تلقاء نفسه في ${date}. وبعد ذلك نحتفظ لفترة بأنه كان هناك تذكير ومتى كان، دون معرفة صاحبه.`,
    download: 'حفظ نسخة',
    eraseLink: 'محو كل هذا الآن',
    back: 'العودة إلى التذكير',
    erase: {
      heading: 'هل نمحو هذا التذكير؟',
      paragraphs: [
        'سنتلف حينها فورًا كل ما رأيته هنا. لن تصلك تذكيرات أخرى بهذا الموعد، ولن يعمل رابطك بعد ذلك.',
        'موعدك يبقى كما هو. إن كنت لا تريد الحضور، يرجى الاتصال بالمكان الذي حجزت فيه.',
        'سيعلم ذلك المكان بأنك محوت التذكير. أما سجلاته فلا يمكننا محوها.',
        'لا يمكن التراجع عن هذا.',
      ],
      button: 'محو كل شيء',
      back: 'العودة دون محو',
    },
    erased: {
      heading: 'تم محو كل شيء',
      paragraphs: ['موعدك يبقى كما هو.', 'قد تصل رسالة سبق إرسالها. لكن رابطها لم يعد يعمل.'],
      receiptHeading: 'إيصالك',
      receiptHint: 'لإثبات ذلك لاحقًا، يرجى الاحتفاظ بهذا النص. وهو لا يذكر من أنت.',
    },
  },
};

export function rightsTextsIn(language: Language): RightsTexts {
  return texts[language];
}
