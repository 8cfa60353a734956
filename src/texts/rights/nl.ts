import type { RightsTexts } from '../rights-texts.ts';

export const nlRights: RightsTexts = {
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
    receiptHint: 'Wilt u het kunnen aantonen? Bewaar dan deze tekst. Er staat niet in wie u bent.',
  },
  passkeys: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: gemaakt op ${madeOn}, voor het laatst gebruikt op ${usedOn}`,
    warning:
      'U hebt hier passkeys. Misschien openen ze ook andere herinneringen van dezelfde plek. We verwijderen ze ook, tenzij u ze houdt.',
    keep: 'Wissen, maar mijn passkeys houden',
    removed:
      'Uw passkeys zijn hier verwijderd. Wilt u ze ook van uw telefoon of computer halen? Verwijder ze dan daar.',
  },
};
