import type { RightsTexts } from '../rights-texts.ts';

export const deRights: RightsTexts = {
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
  passkeys: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: angelegt am ${madeOn}, zuletzt verwendet am ${usedOn}`,
    warning:
      'Sie haben hier Passkeys. Vielleicht öffnen sie auch andere Erinnerungen von derselben Stelle. Wir entfernen sie mit, außer Sie behalten sie.',
    keep: 'Löschen, aber meine Passkeys behalten',
    removed:
      'Ihre Passkeys sind hier entfernt. Auf Ihrem Telefon oder Computer löschen Sie sie dort selbst.',
  },
};
