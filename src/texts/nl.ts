import { longDate } from './long-date.ts';
import type { MessageTexts } from './message-texts.ts';
import type { PatientTexts } from './patient-texts.ts';
import { zonePlace } from './zone-name.ts';

const help = 'Bel de plek waar u de afspraak hebt gemaakt, op een nummer dat u al kent.';

export const nlMessages: MessageTexts = {
  sms: {
    plain: 'U hebt een herinnering. Om te lezen: ',
    withOptOut: 'U hebt een herinnering. Afmelden: antwoord STOP. Om te lezen: ',
  },
  code: 'Uw code: {code}. Deel deze met niemand.',
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

export const nl: PatientTexts = {
  tag: 'nl',
  direction: 'ltr',
  name: 'Nederlands',
  title: 'Uw herinnering',
  errorTitlePrefix: 'Fout: ',
  skipToContent: 'Naar de inhoud',
  languageMenu: 'Taal',
  help: `Hulp nodig? ${help}`,
  checkLink: 'Is dit bericht echt?',

  landing: {
    heading: 'U hebt een herinnering',
    paragraphs: [
      'Die is privé. Daarom moeten we eerst controleren of u het bent.',
      'U hebt geen account nodig. We vragen u niet om geld.',
    ],
    continue: 'Verder',
  },
  prove: {
    heading: 'Laat zien dat u het bent',
    errorHeading: 'Er is een probleem',
    ways: {
      passkey: 'Uw passkey gebruiken',
      pin: 'Uw pincode gebruiken',
      portal: 'Inloggen met uw account',
      birth_date: 'De geboortedatum gebruiken',
      code: 'Een code per sms krijgen',
    },
    call: `${help} Daar vertelt men u wat u moet weten.`,
  },
  pin: {
    intro: 'Vul uw pincode in om uw herinnering te lezen.',
    label: 'Uw pincode',
    hint: '6 tot 8 cijfers die u kreeg toen u de afspraak maakte. Het is niet de pincode van uw bankpas of van uw telefoon.',
    submit: 'Mijn herinnering bekijken',
    errors: {
      missing: 'Vul uw pincode in',
      malformed: 'Uw pincode moet 6 tot 8 cijfers hebben',
      refused:
        'Dat is niet gelukt. Controleer uw pincode en probeer het opnieuw. Wacht na een paar pogingen 15 minuten.',
    },
    without: 'Als u geen pincode hebt',
  },
  birthDate: {
    intro: 'Vul een geboortedatum in om uw herinnering te lezen.',
    legend: 'Geboortedatum van de persoon voor wie deze herinnering is',
    hint: 'Bijvoorbeeld 27 3 1972',
    fields: [
      { part: 'day', label: 'Dag' },
      { part: 'month', label: 'Maand' },
      { part: 'year', label: 'Jaar' },
    ],
    submit: 'Mijn herinnering bekijken',
    errors: {
      missing: 'Vul de geboortedatum in',
      dayMissing: 'In de geboortedatum ontbreekt de dag',
      monthMissing: 'In de geboortedatum ontbreekt de maand',
      yearMissing: 'In de geboortedatum ontbreekt het jaar',
      yearShort: 'Het jaar moet 4 cijfers hebben',
      impossible: 'Dat is geen geboortedatum. Controleer de dag, de maand en het jaar',
      refused:
        'Dat is niet gelukt. Controleer de datum en probeer het opnieuw. Wacht na een paar pogingen 15 minuten.',
    },
    without: 'Als dit bij u niet lukt',
  },
  code: {
    offer: [
      'We kunnen een code sturen naar de telefoon die bij het maken van de afspraak is opgegeven. Daarna vult u die code hier in.',
      'We sturen niets zolang u niet op de knop drukt.',
    ],
    send: 'Stuur mij een code',
    haveOne: 'De ontvangen code invullen',
    heading: 'Vul uw code in',
    sent: 'De code komt per sms. Dat kan een minuut duren. Laat deze pagina open.',
    label: 'De code uit de sms',
    hint: '6 cijfers. Ze werken 10 minuten lang, alleen in deze browser.',
    submit: 'Mijn herinnering bekijken',
    errors: {
      missing: 'Vul de code uit de sms in',
      malformed: 'De code moet 6 cijfers hebben',
      refused:
        'Dat is niet gelukt. Neem de nieuwste code, of vraag een andere aan. Wacht na een paar pogingen 15 minuten.',
    },
    againHeading: 'Als er geen code is gekomen',
    againHint: 'Vraag een andere aan. Dan werkt alleen de nieuwste.',
    again: 'Stuur mij nog een code',
    without: 'Als u geen sms kunt ontvangen',
    sending: {
      tooSoon: 'Er is net een code aangevraagd. Wacht 30 seconden voordat u een andere aanvraagt.',
      limit:
        'We kunnen nu geen andere code sturen. Om u te beschermen, sturen we er maar een paar.',
      refused:
        'We konden de code niet sturen. Wacht een minuut en probeer het opnieuw, of kies een andere manier.',
      optedOut:
        'We konden de code niet sturen, omdat iemand op die telefoon met STOP op onze berichten heeft geantwoord. Wilt u ze weer krijgen? Stuur dan START naar hetzelfde nummer.',
      uncertain:
        'We weten niet of uw code is verstuurd. Is hij er over een minuut nog niet? Vraag dan een andere aan.',
    },
  },
  portal: {
    offer: [
      'U kunt inloggen met het account dat u hebt op de plek waar u de afspraak hebt gemaakt.',
      'Wij brengen u naar de inlogpagina daarvan, en van daar komt u hier terug. Vul uw wachtwoord alleen op die pagina in: wij vragen er nooit om.',
    ],
    start: 'Naar de inlogpagina',
    problems: {
      unavailable:
        'De inlogpagina is nu niet bereikbaar. Wacht een paar minuten, of kies een andere manier.',
      cancelled: 'Het inloggen is niet afgemaakt. Probeer het opnieuw, of kies een andere manier.',
      refused:
        'Dat is niet gelukt. Controleer of u met uw eigen account inlogt, of kies een andere manier.',
    },
    without: 'Als u geen account hebt',
  },
  passkeys: {
    link: 'De volgende keer een passkey gebruiken',
    ask: 'Gebruik de passkey die u hier hebt gemaakt. Uw telefoon of computer vraagt om uw vingerafdruk, uw gezicht of de code ervan.',
    use: 'Mijn passkey gebruiken',
    missing: 'Passkeys werken niet in deze browser. U verliest niets: er zijn andere manieren.',
    failed:
      'Dat is niet gelukt, of u hebt het gestopt. Er is niets veranderd. U kunt het opnieuw proberen.',
    refused: 'Dat is niet gelukt. Probeer het opnieuw, of kies een andere manier.',
    without: 'Als u hier geen passkey hebt',
    heading: 'Passkeys beheren',
    about: [
      'Met een passkey laat u met uw vingerafdruk, uw gezicht of de code van uw telefoon zien dat u het bent. U hoeft niets te onthouden.',
      'Maak er alleen een op een telefoon of computer die van u alleen is. Hij opent ook uw volgende herinneringen van dezelfde plek.',
    ],
    make: 'Een passkey maken',
    yours: 'Uw passkeys',
    remove: (tag) => `${tag} verwijderen`,
    back: 'Terug',
    news: {
      made: 'Uw passkey is gemaakt. De volgende keer kunt u hem gebruiken.',
      refused: 'De passkey is niet gemaakt. Probeer het opnieuw.',
      tooMany: 'U hebt te veel passkeys. Verwijder er eerst een.',
    },
  },
  details: {
    heading: 'Uw afspraak',
    moved: 'Deze afspraak is verzet. Hier is de nieuwe tijd.',
    cancelled: 'Deze afspraak gaat niet door. U hoeft niet te komen.',
    when: 'Wanneer',
    plannedFor: 'Was gepland op',
    duration: 'Hoe lang',
    for: 'Voor',
    practitioner: 'Bij',
    specialty: 'Specialisme',
    place: 'Waar',
    instructions: 'Wat u vooraf moet weten',
    phone: 'Telefoon',
    reason: 'Reden',
    change: 'Wilt u de afspraak veranderen, of lijkt er iets niet te kloppen? Bel dan.',
    again: 'Wilt u een andere afspraak maken? Bel dan.',
    restHeading: 'Om alles te zien',
    rest: 'De geboortedatum laat alleen de dag en de tijd zien. Kies voor de rest een manier:',
    closesIn: (duration) =>
      `Om u te beschermen, werkt deze pagina niet meer als u ${duration} lang niets doet.`,
    closesFinally: (duration) =>
      `Om u te beschermen, werkt deze pagina over ${duration} niet meer.`,
    moreTime: 'Ik heb meer tijd nodig',
    leaveHint: 'Bent u klaar? Verlaat dan deze pagina, zodat niemand anders kan meelezen.',
    leave: 'Deze pagina verlaten',
  },
  locked: {
    heading: 'Te veel verkeerde antwoorden',
    paragraphs: [
      'We hebben deze weg naar de herinnering geblokkeerd, om de persoon te beschermen voor wie die is.',
      'Aan de afspraak verandert dit niets.',
      help,
    ],
    otherWays: 'Wat nog wel werkt',
    helpCode: 'Hulpcode',
    helpCodeHint: 'Misschien vraagt men u ernaar. De code zegt niets over u.',
  },
  notices: {
    linkUnusable: {
      heading: 'Deze link werkt niet meer.',
      paragraphs: [
        'Aan uw afspraken verandert dit niets.',
        'Weet u niet zeker wanneer u moet komen? Bel de plek waar u de afspraak hebt gemaakt, op een nummer dat u al kent.',
      ],
    },
    sessionEnded: {
      heading: 'Deze pagina is gesloten',
      paragraphs: [
        'Om u te beschermen, sluit de pagina na een tijdje.',
        'Wilt u terug? Open dan opnieuw de link in uw bericht. We controleren dan weer of u het bent.',
      ],
    },
    cookiesRefused: {
      heading: 'Uw browser weigert cookies',
      paragraphs: [
        'We hebben er één nodig, om te onthouden dat u het bent totdat u weggaat. We gebruiken die voor niets anders.',
        'Sta cookies toe voor deze site, of gebruik een andere browser. Open daarna opnieuw de link in uw bericht.',
      ],
    },
    formExpired: {
      heading: 'Dit formulier is te oud',
      paragraphs: ['Er is niets veranderd.', 'Open opnieuw de link in uw bericht.'],
    },
    problem: {
      heading: 'Sorry, er is een probleem met deze dienst',
      paragraphs: [
        'Aan uw afspraak verandert dit niets.',
        'Wacht een paar minuten en open dan opnieuw de link in uw bericht.',
      ],
    },
    left: {
      heading: 'U hebt uw herinnering verlaten',
      paragraphs: [
        'U kunt dit venster nu sluiten.',
        'Wilt u de herinnering nog eens lezen? Open dan de link in uw bericht.',
      ],
    },
  },
  optOut: {
    link: 'Deze berichten niet meer krijgen',
    heading: 'Wilt u deze berichten stoppen?',
    stops: {
      sms: 'We sturen dan geen herinneringen meer naar dit telefoonnummer.',
      email: 'We sturen dan geen herinneringen meer naar dit e-mailadres.',
    },
    everywhere:
      'Dit geldt voor iedereen die herinneringen via ons verstuurt, niet voor één plek alleen.',
    unchanged: 'Uw afspraken blijven zoals ze zijn. Er wordt niets afgezegd.',
    button: 'De berichten stoppen',
    back: 'Terug zonder te stoppen',
    doneHeading: 'De berichten zijn gestopt',
    stopped: {
      sms: 'We sturen geen herinneringen meer naar dit telefoonnummer.',
      email: 'We sturen geen herinneringen meer naar dit e-mailadres.',
    },
    onItsWay: 'Een bericht dat al onderweg is, kan nog aankomen.',
    again: 'Wilt u weer berichten? Vraag het op de plek waar u de afspraak hebt gemaakt.',
    againByReply:
      'Wilt u weer berichten? Stuur het woord START naar het nummer waar ze vandaan kwamen, of vraag het op de plek waar u de afspraak hebt gemaakt.',
  },
  check: {
    heading: 'Is dit bericht echt?',
    intro:
      'Onze berichten zeggen heel weinig. Dat is met opzet: wie uw telefoon ziet, komt niets over u te weten.',
    sentencesHeading: 'Wat onze berichten zeggen',
    sentences:
      'Altijd precies één van deze zinnen, en dan één link. Nooit een naam, een datum of een plaats.',
    linkHeading: 'Waar ze vandaan komen',
    link: 'De link begint altijd zo, letter voor letter:',
    sender: (sender) => `De afzender van onze sms’en is altijd ${sender}.`,
    subject: 'Onze e-mails zeggen hetzelfde, en hebben altijd een van deze onderwerpen:',
    emailSender: (address) => `Onze e-mails komen altijd van ${address}.`,
    code: 'Als u op onze pagina een code aanvraagt, komt die in een van deze berichten. Daar staat geen link in.',
    neverHeading: 'Waar we nooit om vragen',
    never: [
      'Geld, of het nummer van een bankpas',
      'Uw bankrekening, of iets wat u van uw bank hebt gekregen',
      'Een wachtwoord',
    ],
    doubtHeading: 'Als u twijfelt',
    doubt: [
      'Open de link niet. U verliest niets: aan uw afspraak verandert niets.',
      `${help} Gebruik geen nummer uit het bericht.`,
    ],
  },

  writeDate: (date) => longDate('nl-NL', date).replace(/^./, (first) => first.toUpperCase()),
  writeTime: ({ hour, minute }) => `om ${hour}.${String(minute).padStart(2, '0')} uur`,
  writeZone: (at) => `plaatselijke tijd: ${zonePlace('nl', at)}`,
};
