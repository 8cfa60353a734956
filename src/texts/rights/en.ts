import type { RightsTexts } from '../rights-texts.ts';

export const enRights: RightsTexts = {
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
    receiptHint: 'If you want to be able to prove it, keep this text. It does not say who you are.',
  },
  passkeys: {
    one: ({ tag, madeOn, usedOn }) => `${tag}: made on ${madeOn}, last used on ${usedOn}`,
    warning:
      'You have passkeys here. They may open other reminders from the same place too. We remove them as well, unless you keep them.',
    keep: 'Erase, but keep my passkeys',
    removed:
      'Your passkeys are removed here. To take them out of your phone or computer too, delete them there.',
  },
};
