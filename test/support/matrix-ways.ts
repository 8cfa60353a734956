import type { Recipient } from '../../src/domain/appointment.ts';
import type { Channel } from '../../src/domain/channel.ts';
import type { Language } from '../../src/domain/language.ts';
import type { Phone, patientAt, Typed } from './patient-browser.ts';

type Patient = ReturnType<typeof patientAt>;

/** A way to prove: how one comes to its question, and what opens the link there. */
interface Way {
  /** Which factor a wrong answer counts for. */
  readonly factor: 'pin' | 'code' | 'birth_date';
  readonly opens: 'everything' | 'time';
  readonly ask: (patient: Patient, phone: Phone) => Promise<{ right: Typed; wrong: Typed }>;
}

/** What every patient of the matrix was given, as far as their row says. */
export const known = { pin: '482913', birthDate: '1980-02-14' } as const;

const byPin: Way = {
  factor: 'pin',
  opens: 'everything',
  ask: async (patient) => {
    await patient.turnTo('pin');
    return { right: { pin: '482 913' }, wrong: { pin: '593827' } };
  },
};
const byBirthDate: Way = {
  factor: 'birth_date',
  opens: 'time',
  ask: async (patient) => {
    await patient.turnTo('birthDate');
    return { right: { birthDate: known.birthDate }, wrong: { birthDate: '1981-02-14' } };
  },
};
const byCode: Way = {
  factor: 'code',
  opens: 'everything',
  ask: async (patient, phone) => {
    await patient.turnTo('code');
    const code = await patient.askForCode(phone);
    const other = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    return { right: { code }, wrong: { code: other } };
  },
};
const after = (first: Way, second: Way): Way => ({
  ...second,
  ask: async (patient, phone) => {
    await patient.answer((await first.ask(patient, phone)).right);
    return second.ask(patient, phone);
  },
});

export interface MatrixRow {
  readonly title: string;
  readonly channel: Channel;
  /** What the booking system said of the patient. */
  readonly given: readonly (keyof Pick<Recipient, 'phone' | 'email' | 'pin' | 'birthDate'>)[];
  readonly way: Way;
  readonly language: Language;
}

/** Every way that the contract lists; one of them in a language that is read from the right. */
export const matrixRows: readonly MatrixRow[] = [
  {
    title: 'SMS and PIN',
    channel: 'sms',
    given: ['phone', 'pin'],
    way: byPin,
    language: 'en',
  },
  {
    title: 'SMS and birth date',
    channel: 'sms',
    given: ['phone', 'birthDate'],
    way: byBirthDate,
    language: 'en',
  },
  {
    title: 'email and code',
    channel: 'email',
    given: ['email', 'phone'],
    way: byCode,
    language: 'en',
  },
  {
    title: 'email and PIN',
    channel: 'email',
    given: ['email', 'pin'],
    way: byPin,
    language: 'en',
  },
  {
    title: 'email and birth date',
    channel: 'email',
    given: ['email', 'birthDate'],
    way: byBirthDate,
    language: 'en',
  },
  {
    title: 'SMS, birth date then PIN',
    channel: 'sms',
    given: ['phone', 'email', 'birthDate', 'pin'],
    way: after(byBirthDate, byPin),
    language: 'en',
  },
  {
    title: 'email, birth date then code, in Arabic',
    channel: 'email',
    given: ['phone', 'email', 'birthDate'],
    way: after(byBirthDate, byCode),
    language: 'ar',
  },
  {
    title: 'email, a PIN where there is everything',
    channel: 'email',
    given: ['phone', 'email', 'birthDate', 'pin'],
    way: byPin,
    language: 'en',
  },
];
