import type { Channel } from '../../src/domain/channel.ts';
import { type CanaryForms, canaryForms } from './canaries.ts';

/** Somebody with an appointment, each of whose values is nowhere else in the world. */
export interface CanaryPerson {
  readonly reference: string;
  readonly phone: string;
  readonly email: string;
  readonly birthDate: string;
  readonly pin?: string;
  readonly language: string;
}

/** What happens to each is in their name's place in the story; endings `9211` and `9005` make it so. */
export const people = {
  /** Gets an SMS and knows a PIN. */
  wren: {
    reference: 'canary-1',
    phone: '+33639987741',
    email: 'canary.wren.5521@example.org',
    birthDate: '1981-09-23',
    pin: '84071962',
    language: 'fr',
  },
  /** Gets an email, knows a birth date and asks for a code. */
  finch: {
    reference: 'canary-2',
    phone: '+33639987752',
    email: 'canary.finch.5532@example.org',
    birthDate: '1974-11-08',
    language: 'fr',
  },
  /** Has an address that is refused, so that the SMS goes out instead. */
  lark: {
    reference: 'canary-3',
    phone: '+33639987763',
    email: 'canary.lark.9211@example.org',
    birthDate: '1969-07-19',
    pin: '62850417',
    language: 'de',
  },
  /** Has an address that bounces. */
  rook: {
    reference: 'canary-4',
    phone: '+33639987774',
    email: 'canary.rook.9005@example.org',
    birthDate: '1958-12-27',
    pin: '73916284',
    language: 'ar',
  },
} as const satisfies Record<string, CanaryPerson>;

const timeZone = 'Europe/Paris';
/** Always ahead, and so far that no day of anything else is that of the appointments. */
const canaryStart = Temporal.Now.plainDateISO(timeZone)
  .add({ days: 100 })
  .toZonedDateTime({ timeZone, plainTime: '10:35' });

/** What all of them are told after proof. */
export const canaryDetails = {
  practitioner: 'Dr Quillfeather Canary',
  specialty: 'Kanarienologie Spezial',
  place: { name: 'Voliere du Canari', address: '77 Perchoir Canari, 99077 Nid' },
  instructions: 'Canary-brings-own-seed-8841',
  phone: '+33199004477',
  reason: 'Canary plumage review 5512',
  for: 'Little Canary Wren',
} as const;

/** What is typed wrong on pages, and said in texts and returned mails. */
export const canaryWords = {
  wrongPin: '59382716',
  wrongBirthDate: '1993-05-16',
  typed: 'Canary typed her name here',
  said: 'Canary says: I have moved to Perchoir 12',
  forged: 'Canary forgery of a text 4490',
  returned: 'Canary wrote back from Kestrel Lane 9',
} as const;

export function personalForms(): CanaryForms {
  const { place, ...details } = canaryDetails;
  const ofPeople = Object.entries(people).flatMap(
    ([name, { phone, email, birthDate, ...rest }]) => [
      ...Object.entries({
        phone,
        phoneDigits: phone.slice(1),
        phoneNational: `0${phone.slice(3)}`,
        email,
        mailbox: email.slice(0, email.indexOf('@')),
        ...('pin' in rest ? { pin: rest.pin } : {}),
        ...datesIn('born', birthDate),
      }).map(([what, value]) => [`${what} of ${name}`, value]),
    ],
  );
  const { wrongBirthDate, ...words } = canaryWords;
  return canaryForms({
    ...details,
    placeName: place.name,
    address: place.address,
    ...words,
    ...datesIn('wrongBirthDate', wrongBirthDate),
    ...Object.fromEntries(ofPeople),
  });
}

/** When the appointments are; it stands in the clear in the database, and before operators. */
export function dateForms(): CanaryForms {
  const inWords = (locale: string) => canaryStart.toLocaleString(locale, { dateStyle: 'long' });
  return canaryForms({
    ...datesIn('day', canaryStart.toPlainDate().toString()),
    french: inWords('fr'),
    english: inWords('en-GB'),
    german: inWords('de'),
    frenchTime: '10 h 35',
  });
}

function datesIn(name: string, date: string): Record<string, string> {
  const [year, month, day] = date.split('-');
  return {
    [name]: date,
    [`${name}, European`]: `${day}/${month}/${year}`,
    [`${name}, compact`]: `${year}${month}${day}`,
  };
}

export function bodyOf(person: CanaryPerson, channel: Channel) {
  const { reference: _reference, ...recipient } = person;
  return {
    start: canaryStart.toString({ timeZoneName: 'never' }),
    timeZone,
    durationMinutes: 25,
    notice: 'none',
    details: canaryDetails,
    recipient,
    reminders: [{ before: 'P2D', channel }],
  };
}

/** A birth date as the form of the question has it. */
export function birthFields(date: string): Record<string, string> {
  const [year = '', month = '', day = ''] = date.split('-');
  return { 'birth-day': day, 'birth-month': month, 'birth-year': year };
}
