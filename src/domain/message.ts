import type { Secret } from './secret.ts';

/** A rendered SMS. It leads to what is personal, so it cannot print itself. */
export interface SmsMessage {
  readonly channel: 'sms';
  readonly text: Secret<string>;
}

/** A rendered email: the subject is a constant of its language, the parts hold the link. */
export interface EmailMessage {
  readonly channel: 'email';
  readonly subject: string;
  readonly text: Secret<string>;
  readonly html: Secret<string>;
}

/** The neutral text as one channel carries it. */
export type Message = SmsMessage | EmailMessage;
