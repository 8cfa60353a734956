import { longDate } from './long-date.ts';
import type { MessageTexts } from './message-texts.ts';
import type { PatientTexts } from './patient-texts.ts';
import { zoneName } from './zone-name.ts';

/** The space that French sets before `: ? !`, around « » and in "10 h 30"; lines do not break at it. */
const nb = '\u00a0';

const help = 'Appelez là où vous avez pris rendez-vous, à un numéro que vous connaissez déjà.';

export const frMessages: MessageTexts = {
  sms: {
    plain: 'Vous avez un rappel. Pour le lire : ',
    withOptOut: 'Vous avez un rappel. Pour stopper, répondez STOP. Pour le lire : ',
  },
  code: 'Votre code : {code}. Ne le donnez à personne.',
  email: {
    subject: 'Vous avez un rappel',
    opening: 'Vous avez un rappel.',
    reading: `Pour le lire, ouvrez ce lien${nb}:`,
    link: 'Lire le rappel',
    never: 'Nous ne demandons jamais d’argent ni de mot de passe.',
    stopping: `Pour ne plus recevoir ces e-mails, utilisez «${nb}Se désabonner${nb}» dans votre messagerie.`,
    address: `L’adresse du lien${nb}:`,
  },
};

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
    errorHeading: 'Il y a un problème',
    ways: {
      passkey: 'Utiliser votre clé d’accès',
      pin: 'Utiliser votre code personnel',
      portal: 'Vous connecter avec votre compte',
      birth_date: 'Utiliser la date de naissance',
      code: 'Recevoir un code par SMS',
    },
    call: `${help} On vous dira ce que vous devez savoir.`,
  },
  pin: {
    intro: 'Entrez votre code personnel pour lire votre rappel.',
    label: 'Votre code personnel',
    hint: '6 à 8 chiffres que vous avez reçus en prenant rendez-vous. Ce n’est ni le code de votre carte bancaire, ni celui de votre téléphone.',
    submit: 'Voir mon rappel',
    errors: {
      missing: 'Entrez votre code personnel',
      malformed: 'Votre code personnel doit avoir de 6 à 8 chiffres',
      refused:
        'Cela n’a pas marché. Vérifiez votre code personnel et réessayez. Après plusieurs essais, attendez 15 minutes.',
    },
    without: 'Si vous n’avez pas de code personnel',
  },
  birthDate: {
    intro: 'Entrez une date de naissance pour lire votre rappel.',
    legend: 'Date de naissance de la personne à qui ce rappel est destiné',
    hint: 'Par exemple, 27 3 1972',
    fields: [
      { part: 'day', label: 'Jour' },
      { part: 'month', label: 'Mois' },
      { part: 'year', label: 'Année' },
    ],
    submit: 'Voir mon rappel',
    errors: {
      missing: 'Entrez la date de naissance',
      dayMissing: 'Il manque le jour dans la date de naissance',
      monthMissing: 'Il manque le mois dans la date de naissance',
      yearMissing: 'Il manque l’année dans la date de naissance',
      yearShort: 'L’année doit avoir 4 chiffres',
      impossible: 'Ce n’est pas une date de naissance. Vérifiez le jour, le mois et l’année',
      refused:
        'Cela n’a pas marché. Vérifiez la date et réessayez. Après plusieurs essais, attendez 15 minutes.',
    },
    without: 'Si cela ne marche pas pour vous',
  },
  code: {
    offer: [
      'Nous pouvons envoyer un code au téléphone donné lors de la prise de rendez-vous. Vous l’entrerez ensuite ici.',
      'Rien n’est envoyé tant que vous n’appuyez pas sur le bouton.',
    ],
    send: 'M’envoyer un code',
    haveOne: 'Entrer le code reçu',
    heading: 'Entrez votre code',
    sent: 'Le code arrive par SMS. Cela peut prendre une minute. Gardez cette page ouverte.',
    label: 'Le code reçu par SMS',
    hint: '6 chiffres. Ils marchent pendant 10 minutes, dans ce navigateur seulement.',
    submit: 'Voir mon rappel',
    errors: {
      missing: 'Entrez le code reçu par SMS',
      malformed: 'Le code doit avoir 6 chiffres',
      refused:
        'Cela n’a pas marché. Prenez le code le plus récent, ou demandez-en un autre. Après plusieurs essais, attendez 15 minutes.',
    },
    againHeading: 'Si aucun code n’est arrivé',
    againHint: 'Demandez-en un autre. Seul le plus récent marche alors.',
    again: 'M’envoyer un autre code',
    without: 'Si vous ne pouvez pas recevoir de SMS',
    sending: {
      tooSoon: 'Un code vient d’être demandé. Attendez 30 secondes avant d’en demander un autre.',
      limit:
        'Nous ne pouvons pas envoyer d’autre code pour l’instant. Pour vous protéger, nous en envoyons très peu.',
      refused:
        'Nous n’avons pas pu envoyer le code. Attendez une minute et réessayez, ou choisissez une autre solution.',
      optedOut:
        'Nous n’avons pas pu envoyer le code, car quelqu’un a répondu STOP à nos messages sur ce téléphone. Pour en recevoir de nouveau, envoyez START au même numéro.',
      uncertain:
        'Nous ne savons pas si votre code est parti. S’il n’est pas arrivé dans une minute, demandez-en un autre.',
    },
  },
  portal: {
    offer: [
      'Vous pouvez vous connecter avec le compte que vous avez là où vous avez pris rendez-vous.',
      `Nous vous menons à sa page de connexion, et de là vous revenez ici. N’entrez votre mot de passe que sur cette page${nb}: nous ne le demandons jamais.`,
    ],
    start: 'Aller à la page de connexion',
    problems: {
      unavailable:
        'La page de connexion ne répond pas pour le moment. Attendez quelques minutes, ou choisissez une autre façon.',
      cancelled:
        'La connexion n’est pas allée jusqu’au bout. Réessayez, ou choisissez une autre façon.',
      refused:
        'Cela n’a pas marché. Vérifiez que vous vous connectez avec votre propre compte, ou choisissez une autre façon.',
    },
    without: 'Si vous n’avez pas de compte',
  },
  passkeys: {
    link: 'Utiliser une clé d’accès la prochaine fois',
    ask: 'Utilisez la clé d’accès que vous avez créée ici. Votre téléphone ou votre ordinateur vous demande votre empreinte, votre visage ou son code.',
    use: 'Utiliser ma clé d’accès',
    missing: `Les clés d’accès ne marchent pas dans ce navigateur. Vous ne perdez rien${nb}: il y a d’autres façons.`,
    failed: 'Cela n’a pas marché, ou vous l’avez arrêté. Rien n’a changé. Vous pouvez réessayer.',
    refused: 'Cela n’a pas marché. Réessayez, ou choisissez une autre façon.',
    without: 'Si vous n’avez pas de clé d’accès ici',
    heading: 'Clés d’accès',
    about: [
      'Avec une clé d’accès, vous montrez que c’est bien vous avec votre empreinte, votre visage ou le code de votre téléphone. Vous n’avez rien à retenir.',
      'Créez-en une seulement sur un téléphone ou un ordinateur qui n’est qu’à vous. Elle ouvre aussi vos prochains rappels du même endroit.',
    ],
    make: 'Créer une clé d’accès',
    yours: 'Vos clés d’accès',
    remove: (tag) => `Supprimer ${tag}`,
    back: 'Revenir',
    news: {
      made: 'Votre clé d’accès est créée. La prochaine fois, vous pourrez l’utiliser.',
      refused: 'La clé d’accès n’a pas été créée. Réessayez.',
      tooMany: 'Vous avez trop de clés d’accès. Supprimez-en une d’abord.',
    },
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
    restHeading: 'Pour tout voir',
    rest: `La date de naissance ne montre que le jour et l’heure. Pour le reste, choisissez${nb}:`,
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
    heading: 'Trop de mauvaises réponses',
    paragraphs: [
      'Nous avons bloqué cet accès au rappel, pour protéger la personne à qui il est destiné.',
      'Cela ne change rien au rendez-vous.',
      help,
    ],
    otherWays: 'Ce qui marche encore',
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
        'Pour revenir, ouvrez de nouveau le lien de votre message. Nous vérifierons de nouveau que c’est bien vous.',
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
    sender: (sender) => `L’expéditeur de nos SMS est toujours ${sender}.`,
    subject: `Nos e-mails disent la même chose, toujours avec un de ces objets${nb}:`,
    emailSender: (address) => `Nos e-mails viennent toujours de ${address}.`,
    code: 'Si vous demandez un code sur notre page, il arrive dans un de ces messages. Il ne contient aucun lien.',
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
    longDate('fr-FR', date)
      .replace(' 1 ', ' 1er ')
      .replace(/^./, (first) => first.toUpperCase()),
  writeTime: ({ hour, minute }) =>
    `à ${hour}${nb}h${minute === 0 ? '' : `${nb}${String(minute).padStart(2, '0')}`}`,
  writeZone: (at) => zoneName('fr-FR', at).replace(' :', `${nb}:`),
};
