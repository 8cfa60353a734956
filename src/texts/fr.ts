import type { PatientTexts } from './patient-texts.ts';
import { zoneName } from './zone-name.ts';

/** The space that French sets before `: ? !`, around « » and in "10 h 30"; lines do not break at it. */
const nb = '\u00a0';

const help = 'Appelez là où vous avez pris rendez-vous, à un numéro que vous connaissez déjà.';

export const fr: PatientTexts = {
  tag: 'fr',
  direction: 'ltr',
  name: 'Français',
  title: 'Votre rappel',
  errorTitlePrefix: `Erreur${nb}: `,
  skipToContent: 'Aller au contenu',
  languageMenu: 'Langue',
  help: `Besoin d’aide${nb}? ${help}`,
  checkLink: `Est-ce un vrai message${nb}?`,

  landing: {
    heading: 'Vous avez un rappel',
    paragraphs: [
      'Il est privé. Nous devons donc d’abord vérifier que c’est bien vous.',
      'Pas besoin de compte. Nous ne vous demanderons pas d’argent.',
    ],
    continue: 'Continuer',
  },
  prove: {
    heading: 'Vérifions que c’est bien vous',
    intro: 'Entrez votre code pour lire votre rappel.',
    label: 'Votre code',
    hint: '6 à 8 chiffres que vous avez reçus en prenant rendez-vous. Ce n’est ni le code de votre carte bancaire, ni celui de votre téléphone.',
    submit: 'Voir mon rappel',
    errorHeading: 'Il y a un problème',
    errors: {
      missing: 'Entrez votre code',
      malformed: 'Votre code doit avoir de 6 à 8 chiffres',
      refused:
        'Cela n’a pas marché. Vérifiez votre code et réessayez. Après plusieurs essais, attendez 15 minutes.',
    },
    withoutPinHeading: 'Si vous n’avez pas de code',
    withoutPin: `${help} On vous dira ce que vous devez savoir.`,
  },
  details: {
    heading: 'Votre rendez-vous',
    moved: 'Ce rendez-vous a été déplacé. Voici la nouvelle date.',
    cancelled: 'Ce rendez-vous est annulé. Vous n’avez pas besoin de venir.',
    when: 'Quand',
    plannedFor: 'Il était prévu',
    duration: 'Durée',
    for: 'Pour',
    practitioner: 'Avec',
    specialty: 'Spécialité',
    place: 'Où',
    instructions: 'À savoir avant de venir',
    phone: 'Téléphone',
    reason: 'Motif',
    change: 'Pour changer le rendez-vous, ou si quelque chose vous étonne, appelez.',
    again: 'Pour prendre un autre rendez-vous, appelez.',
    closesIn: (duration) =>
      `Pour vous protéger, cette page ne marchera plus si vous ne faites rien pendant ${duration}.`,
    closesFinally: (duration) =>
      `Pour vous protéger, cette page ne marchera plus dans ${duration}.`,
    moreTime: 'Il me faut plus de temps',
    leaveHint:
      'Quand vous avez fini, quittez cette page pour que personne d’autre ne puisse la lire.',
    leave: 'Quitter cette page',
  },
  locked: {
    heading: 'Ce rappel est bloqué',
    paragraphs: [
      'Un mauvais code a été entré trop souvent. Nous avons bloqué le rappel pour protéger la personne à qui il est destiné.',
      'Cela ne change rien au rendez-vous.',
      help,
    ],
    helpCode: 'Code d’aide',
    helpCodeHint: 'On vous le demandera peut-être. Il ne dit rien de vous.',
  },
  notices: {
    linkUnusable: {
      heading: 'Ce lien ne marche plus.',
      paragraphs: [
        'Cela ne change rien à vos rendez-vous.',
        `Si vous ne savez plus quand venir${nb}: appelez là où vous avez pris rendez-vous, à un numéro que vous connaissez déjà.`,
      ],
    },
    sessionEnded: {
      heading: 'Cette page s’est fermée',
      paragraphs: [
        'Pour vous protéger, elle se ferme au bout d’un moment.',
        'Pour revenir, ouvrez de nouveau le lien de votre message. Il faudra redonner votre code.',
      ],
    },
    cookiesRefused: {
      heading: 'Votre navigateur refuse les cookies',
      paragraphs: [
        'Il nous en faut un, pour nous souvenir que c’est vous jusqu’à ce que vous partiez. Il ne sert à rien d’autre.',
        'Autorisez les cookies pour ce site, ou prenez un autre navigateur. Puis ouvrez de nouveau le lien de votre message.',
      ],
    },
    formExpired: {
      heading: 'Ce formulaire est trop ancien',
      paragraphs: ['Rien n’a été changé.', 'Ouvrez de nouveau le lien de votre message.'],
    },
    slowDown: {
      heading: 'Attendez un instant',
      paragraphs: [
        'Trop de demandes sont venues de là où vous êtes. Attendez une minute et réessayez.',
        'Cela ne change rien à votre rendez-vous.',
      ],
    },
    problem: {
      heading: 'Désolé, le service a un problème',
      paragraphs: [
        'Cela ne change rien à votre rendez-vous.',
        'Attendez quelques minutes, puis ouvrez de nouveau le lien de votre message.',
      ],
    },
    left: {
      heading: 'Vous avez quitté votre rappel',
      paragraphs: [
        'Vous pouvez fermer cette fenêtre.',
        'Pour relire le rappel, ouvrez le lien de votre message.',
      ],
    },
  },
  optOut: {
    link: 'Ne plus recevoir ces messages',
    heading: `Voulez-vous arrêter ces messages${nb}?`,
    stops: {
      sms: 'Nous n’enverrons plus de rappels à ce numéro de téléphone.',
      email: 'Nous n’enverrons plus de rappels à cette adresse e-mail.',
    },
    everywhere:
      'Cela vaut pour tous ceux qui envoient leurs rappels par notre service, pas seulement pour un seul.',
    unchanged: 'Vos rendez-vous restent tels quels. Cela n’annule rien.',
    button: 'Arrêter les messages',
    back: 'Revenir sans rien arrêter',
    doneHeading: 'Les messages sont arrêtés',
    stopped: {
      sms: 'Nous n’envoyons plus de rappels à ce numéro de téléphone.',
      email: 'Nous n’envoyons plus de rappels à cette adresse e-mail.',
    },
    onItsWay: 'Un message déjà parti peut encore arriver.',
    again: `Pour recevoir de nouveau des messages${nb}: demandez là où vous avez pris rendez-vous.`,
    againByReply: `Pour recevoir de nouveau des messages${nb}: envoyez le mot START au numéro d’où ils venaient, ou demandez là où vous avez pris rendez-vous.`,
  },
  check: {
    heading: `Est-ce un vrai message${nb}?`,
    intro: `Nos messages disent très peu. C’est voulu${nb}: qui voit votre téléphone n’apprend rien sur vous.`,
    sentencesHeading: 'Ce que disent nos messages',
    sentences:
      'Toujours exactement une de ces phrases, puis un seul lien. Jamais un nom, une date ou un lieu.',
    linkHeading: 'D’où ils viennent',
    link: `Le lien commence toujours ainsi, à la lettre près${nb}:`,
    sender: (sender) => `L’expéditeur est toujours ${sender}.`,
    neverHeading: 'Ce que nous ne demandons jamais',
    never: [
      'De l’argent, ou un numéro de carte bancaire',
      'Votre compte en banque, ou quoi que ce soit que votre banque vous a donné',
      'Un mot de passe',
    ],
    doubtHeading: 'Si vous avez un doute',
    doubt: [
      `N’ouvrez pas le lien. Vous ne perdez rien${nb}: votre rendez-vous reste tel quel.`,
      `${help} Ne prenez pas un numéro donné dans le message.`,
    ],
  },

  writeDate: (date) =>
    date
      .toLocaleString('fr-FR', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
      .replace(' 1 ', ' 1er ')
      .replace(/^./, (first) => first.toUpperCase()),
  writeTime: ({ hour, minute }) =>
    `à ${hour}${nb}h${minute === 0 ? '' : `${nb}${String(minute).padStart(2, '0')}`}`,
  writeZone: (at) => zoneName('fr-FR', at).replace(' :', `${nb}:`),
};
