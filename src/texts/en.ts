import { keptFormat } from './kept-format.ts';
import { longDate } from './long-date.ts';
import type { MessageTexts } from './message-texts.ts';
import type { PatientTexts } from './patient-texts.ts';
import { zoneName } from './zone-name.ts';

const help = 'Call the place where you booked, on a number you already know.';

/** "10:30 in the morning" leaves no doubt. After midnight it would, so that hour counts from 0. */
const day = keptFormat(
  () =>
    new Intl.DateTimeFormat('en-GB', {
      hour: 'numeric',
      minute: '2-digit',
      hour12: true,
      dayPeriod: 'long',
    }),
);
const midnight = keptFormat(
  () => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
);

export const enMessages: MessageTexts = {
  sms: {
    plain: 'You have a reminder. To read it: ',
    withOptOut: 'You have a reminder. Reply STOP to opt out. To read it: ',
  },
  code: 'Your code: {code}. Do not give it to anyone.',
  email: {
    subject: 'You have a reminder',
    opening: 'You have a reminder.',
    reading: 'To read it, open this link:',
    link: 'Read the reminder',
    never: 'We never ask for money or for a password.',
    stopping: 'To stop these emails, use “Unsubscribe” in your mail program.',
    address: 'The address of the link:',
  },
};

export const en: PatientTexts = {
  tag: 'en',
  direction: 'ltr',
  name: 'English',
  title: 'Your reminder',
  errorTitlePrefix: 'Error: ',
  skipToContent: 'Skip to content',
  languageMenu: 'Language',
  help: `Need help? ${help}`,
  checkLink: 'Is this message genuine?',

  landing: {
    heading: 'You have a reminder',
    paragraphs: [
      'It is private, so we must first check that it is you.',
      'You do not need an account. We will not ask for money.',
    ],
    continue: 'Continue',
  },
  prove: {
    heading: 'Check that it is you',
    errorHeading: 'There is a problem',
    ways: {
      passkey: 'Use your passkey',
      pin: 'Use your PIN',
      portal: 'Log in with your account',
      birth_date: 'Use the date of birth',
      code: 'Get a code by text message (SMS)',
    },
    call: `${help} They can tell you what you need to know.`,
  },
  pin: {
    intro: 'Enter your PIN to read your reminder.',
    label: 'Your PIN',
    hint: '6 to 8 numbers that you got when you booked. It is not the PIN of your bank card or of your phone.',
    submit: 'Show my reminder',
    errors: {
      missing: 'Enter your PIN',
      malformed: 'Your PIN must be 6 to 8 numbers',
      refused:
        'That did not work. Check your PIN and try again. After several tries, wait 15 minutes.',
    },
    without: 'If you do not have a PIN',
  },
  birthDate: {
    intro: 'Enter a date of birth to read your reminder.',
    legend: 'Date of birth of the person this reminder is for',
    hint: 'For example, 27 3 1972',
    fields: [
      { part: 'day', label: 'Day' },
      { part: 'month', label: 'Month' },
      { part: 'year', label: 'Year' },
    ],
    submit: 'Show my reminder',
    errors: {
      missing: 'Enter the date of birth',
      dayMissing: 'The date of birth must have a day',
      monthMissing: 'The date of birth must have a month',
      yearMissing: 'The date of birth must have a year',
      yearShort: 'The year must have 4 numbers',
      impossible: 'That is not a date of birth. Check the day, the month and the year',
      refused:
        'That did not work. Check the date and try again. After several tries, wait 15 minutes.',
    },
    without: 'If this does not work for you',
  },
  code: {
    offer: [
      'We can send a code to the phone that was given when you booked. Then you enter it here.',
      'We send nothing until you press the button.',
    ],
    send: 'Send me a code',
    haveOne: 'Enter the code that you got',
    heading: 'Enter your code',
    sent: 'The code comes by text message (SMS). It can take a minute. Keep this page open.',
    label: 'The code from the text message',
    hint: '6 numbers. They work for 10 minutes, in this browser only.',
    submit: 'Show my reminder',
    errors: {
      missing: 'Enter the code from the text message',
      malformed: 'The code must be 6 numbers',
      refused:
        'That did not work. Use the newest code, or ask for another. After several tries, wait 15 minutes.',
    },
    againHeading: 'If no code has come',
    againHint: 'Ask for another one. Then only the newest works.',
    again: 'Send me another code',
    without: 'If you cannot get text messages',
    sending: {
      tooSoon: 'A code was asked for a moment ago. Wait 30 seconds before you ask for another.',
      limit: 'We cannot send another code for now. To protect you, we send only a few.',
      refused: 'We could not send the code. Wait a minute and try again, or choose another way.',
      optedOut:
        'We could not send the code: someone answered STOP to our messages on that phone. To get messages again, send START to the same number.',
      uncertain:
        'We are not sure that your code was sent. If it has not come in a minute, ask for another.',
    },
  },
  portal: {
    offer: [
      'You can log in with the account that you have at the place where you booked.',
      'We take you to its login page, and from there you come back here. Enter your password on that page only: we never ask for it.',
    ],
    start: 'Go to the login page',
    problems: {
      unavailable:
        'The login page cannot be reached at the moment. Wait a few minutes, or choose another way.',
      cancelled: 'The login was not finished. Try again, or choose another way.',
      refused:
        'That did not work. Check that you log in with your own account, or choose another way.',
    },
    without: 'If you do not have an account',
  },
  passkeys: {
    link: 'Use a passkey next time',
    ask: 'Use the passkey that you made here before. Your phone or computer asks for your fingerprint, your face or its code.',
    use: 'Use my passkey',
    missing: 'Passkeys do not work in this browser. You lose nothing: there are other ways.',
    failed: 'That did not work, or you stopped it. Nothing was changed. You can try again.',
    refused: 'That did not work. Try again, or choose another way.',
    without: 'If you do not have a passkey here',
    heading: 'Passkeys',
    about: [
      'With a passkey you prove that it is you with your fingerprint, your face or the code of your phone. You do not have to remember anything.',
      'Make one only on a phone or computer that is yours alone. It opens your next reminders from the same place too.',
    ],
    make: 'Make a passkey',
    yours: 'Your passkeys',
    remove: (tag) => `Remove ${tag}`,
    back: 'Go back',
    news: {
      made: 'Your passkey is made. Next time you can use it.',
      refused: 'The passkey was not made. Try again.',
      tooMany: 'You have too many passkeys. Remove one first.',
    },
  },
  details: {
    heading: 'Your appointment',
    moved: 'This appointment has moved. Here is the new time.',
    cancelled: 'This appointment is cancelled. You do not need to come.',
    when: 'When',
    plannedFor: 'It was planned for',
    duration: 'How long',
    for: 'For',
    practitioner: 'With',
    specialty: 'Specialty',
    place: 'Where',
    instructions: 'What to know before you come',
    phone: 'Phone',
    reason: 'Reason',
    change: 'To change the appointment, or if something looks wrong, please call.',
    again: 'To book another appointment, please call.',
    restHeading: 'To see everything',
    rest: 'A date of birth shows only the day and the time. For the rest, choose a way:',
    closesIn: (duration) =>
      `To protect you, this page stops working if you do nothing for ${duration}.`,
    closesFinally: (duration) => `To protect you, this page stops working in ${duration}.`,
    moreTime: 'I need more time',
    leaveHint: 'When you have finished, leave this page so that nobody else can read it.',
    leave: 'Leave this page',
  },
  locked: {
    heading: 'Too many wrong answers',
    paragraphs: [
      'We have locked this way to the reminder, to protect the person it is for.',
      'This changes nothing about the appointment.',
      help,
    ],
    otherWays: 'What still works',
    helpCode: 'Help code',
    helpCodeHint: 'They may ask you for it. It says nothing about you.',
  },
  notices: {
    linkUnusable: {
      heading: 'This link no longer works.',
      paragraphs: [
        'It changes nothing about your appointments.',
        'If you are not sure when to come: call the place where you booked, on a number you already know.',
      ],
    },
    sessionEnded: {
      heading: 'This page has closed',
      paragraphs: [
        'To protect you, it closes after a while.',
        'To come back, open the link in your message again. We will check again that it is you.',
      ],
    },
    cookiesRefused: {
      heading: 'Your browser refuses cookies',
      paragraphs: [
        'We need one cookie, to remember that it is you until you leave. We use it for nothing else.',
        'Allow cookies for this site, or use another browser. Then open the link in your message again.',
      ],
    },
    formExpired: {
      heading: 'This form is too old',
      paragraphs: ['Nothing was changed.', 'Open the link in your message again.'],
    },
    problem: {
      heading: 'Sorry, there is a problem with the service',
      paragraphs: [
        'This changes nothing about your appointment.',
        'Wait a few minutes, then open the link in your message again.',
      ],
    },
    left: {
      heading: 'You have left your reminder',
      paragraphs: [
        'You can close this window now.',
        'To read the reminder again, open the link in your message.',
      ],
    },
  },
  optOut: {
    link: 'Stop these messages',
    heading: 'Do you want to stop these messages?',
    stops: {
      sms: 'We will send no more reminders to this phone number.',
      email: 'We will send no more reminders to this email address.',
    },
    everywhere:
      'This counts for every place that sends its reminders through us, not only for one.',
    unchanged: 'Your appointments stay as they are. This cancels nothing.',
    button: 'Stop the messages',
    back: 'Go back without stopping them',
    doneHeading: 'The messages are stopped',
    stopped: {
      sms: 'We send no more reminders to this phone number.',
      email: 'We send no more reminders to this email address.',
    },
    onItsWay: 'One that is already on its way may still arrive.',
    again: 'If you want messages again: ask the place where you booked.',
    againByReply:
      'If you want messages again: send the word START to the number that they came from, or ask the place where you booked.',
  },
  check: {
    heading: 'Is this message genuine?',
    intro:
      'Our messages say very little. That is on purpose: nobody else who sees your phone learns anything about you.',
    sentencesHeading: 'What our messages say',
    sentences: 'Always exactly one of these, then one link. Never a name, a date or a place.',
    linkHeading: 'Where they come from',
    link: 'The link always begins with this, letter for letter:',
    sender: (sender) => `The sender of our text messages is always ${sender}.`,
    subject: 'Our emails say the same, and always have one of these subjects:',
    emailSender: (address) => `Our emails always come from ${address}.`,
    code: 'If you ask for a code on our page, it comes in one of these. It has no link.',
    neverHeading: 'What we never ask for',
    never: [
      'Money, or the number of a bank card',
      'Your bank account, or anything your bank gave you',
      'A password',
    ],
    doubtHeading: 'If you are not sure',
    doubt: [
      'Do not open the link. You lose nothing: your appointment stays as it is.',
      `${help} Do not use a number from the message.`,
    ],
  },

  writeDate: (date) => longDate('en-GB', date).replace(',', ''),
  writeTime: (time) => `at ${(time.hour === 0 ? midnight() : day()).format(time)}`,
  writeZone: (at) => zoneName('en-001', at).replace(/ Time$/, ' time'),
};
