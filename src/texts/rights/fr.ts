import type { RightsTexts } from '../rights-texts.ts';

const nb = '\u00a0';

export const frRights: RightsTexts = {
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
  yourPin: 'Votre code personnel',
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
  passkeys: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}${nb}: créée le ${madeOn}, utilisée la dernière fois le ${usedOn}`,
    warning:
      'Vous avez des clés d’accès ici. Elles ouvrent peut-être aussi d’autres rappels du même endroit. Nous les supprimons aussi, sauf si vous les gardez.',
    keep: 'Effacer, mais garder mes clés d’accès',
    removed:
      'Vos clés d’accès sont supprimées ici. Pour les enlever aussi de votre téléphone ou de votre ordinateur, supprimez-les là.',
  },
};
