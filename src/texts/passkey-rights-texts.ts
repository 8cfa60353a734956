import type { Language } from '../domain/language.ts';

/** What the pages of a reader's rights say of passkeys, to who has some. */
export interface PasskeyRightsTexts {
  /** One of theirs: its four characters, and days. */
  readonly one: (of: { tag: string; madeOn: string; usedOn: string }) => string;
  /** Before an erasure. */
  readonly warning: string;
  readonly keep: string;
  /** After one that they went with. */
  readonly removed: string;
}

const nb = '\u00a0';

const texts: Readonly<Record<Language, PasskeyRightsTexts>> = {
  en: {
    one: ({ tag, madeOn, usedOn }) => `${tag}: made on ${madeOn}, last used on ${usedOn}`,
    warning:
      'You have passkeys here. They may open other reminders from the same place too. We remove them as well, unless you keep them.',
    keep: 'Erase, but keep my passkeys',
    removed:
      'Your passkeys are removed here. To take them out of your phone or computer too, delete them there.',
  },
  fr: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}${nb}: créée le ${madeOn}, utilisée la dernière fois le ${usedOn}`,
    warning:
      'Vous avez des clés d’accès ici. Elles ouvrent peut-être aussi d’autres rappels du même endroit. Nous les supprimons aussi, sauf si vous les gardez.',
    keep: 'Effacer, mais garder mes clés d’accès',
    removed:
      'Vos clés d’accès sont supprimées ici. Pour les enlever aussi de votre téléphone ou de votre ordinateur, supprimez-les là.',
  },
  de: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: angelegt am ${madeOn}, zuletzt verwendet am ${usedOn}`,
    warning:
      'Sie haben hier Passkeys. Vielleicht öffnen sie auch andere Erinnerungen von derselben Stelle. Wir entfernen sie mit, außer Sie behalten sie.',
    keep: 'Löschen, aber meine Passkeys behalten',
    removed:
      'Ihre Passkeys sind hier entfernt. Auf Ihrem Telefon oder Computer löschen Sie sie dort selbst.',
  },
  es: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: creada el ${madeOn}, usada por última vez el ${usedOn}`,
    warning:
      'Usted tiene llaves de acceso aquí. Quizá abran también otros recordatorios del mismo lugar. También las eliminamos, a menos que las conserve.',
    keep: 'Borrar, pero conservar mis llaves de acceso',
    removed:
      'Sus llaves de acceso están eliminadas aquí. Para quitarlas también de su teléfono u ordenador, elimínelas allí.',
  },
  it: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: creata il ${madeOn}, usata l’ultima volta il ${usedOn}`,
    warning:
      'Qui ha delle passkey. Forse aprono anche altri promemoria dello stesso posto. Eliminiamo anche quelle, a meno che non le tenga.',
    keep: 'Cancella, ma tieni le mie passkey',
    removed:
      'Le sue passkey sono eliminate qui. Per toglierle anche dal suo telefono o computer, le elimini lì.',
  },
  nl: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: gemaakt op ${madeOn}, voor het laatst gebruikt op ${usedOn}`,
    warning:
      'U hebt hier passkeys. Misschien openen ze ook andere herinneringen van dezelfde plek. We verwijderen ze ook, tenzij u ze houdt.',
    keep: 'Wissen, maar mijn passkeys houden',
    removed:
      'Uw passkeys zijn hier verwijderd. Wilt u ze ook van uw telefoon of computer halen? Verwijder ze dan daar.',
  },
  ar: {
    one: ({ tag, madeOn, usedOn }) => `${tag}: أُنشئ في ${madeOn}، وآخر استخدام له في ${usedOn}`,
    warning:
      'لديك مفاتيح مرور هنا. وقد تفتح أيضًا تذكيرات أخرى من المكان نفسه. سنحذفها كذلك، ما لم يتم الاحتفاظ بها.',
    keep: 'المحو مع الاحتفاظ بمفاتيح المرور',
    removed: 'تم حذف مفاتيح المرور هنا. ولإزالتها من الهاتف أو الحاسوب أيضًا، يرجى حذفها هناك.',
  },
};

export function passkeyRightsTextsIn(language: Language): PasskeyRightsTexts {
  return texts[language];
}
