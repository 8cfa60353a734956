import type { TwilioErrorCode } from './twilio-errors.ts';

/** What happens to a message to a magic number, instead of being delivered. */
export type Fate =
  | { readonly kind: 'refused'; readonly code: TwilioErrorCode }
  | { readonly kind: 'undelivered'; readonly code: number }
  | { readonly kind: 'no_receipt' }
  | { readonly kind: 'doubled_receipts' };

export interface MagicNumber {
  readonly ending: string;
  readonly says: string;
  readonly fate: Fate;
}

/**
 * Numbers with one of these endings misbehave always, whatever the faults say: 9 and the last three
 * digits of the Twilio code that they stand for. In the range that France keeps for fiction:
 * +33 6 39 98 and the ending.
 */
export const magicNumbers: readonly MagicNumber[] = [
  { ending: '9211', says: 'refused: no such number', fate: { kind: 'refused', code: 21211 } },
  { ending: '9610', says: 'refused: replied STOP', fate: { kind: 'refused', code: 21610 } },
  { ending: '9612', says: 'refused: out of reach', fate: { kind: 'refused', code: 21612 } },
  { ending: '9614', says: 'refused: not a mobile', fate: { kind: 'refused', code: 21614 } },
  { ending: '9003', says: 'accepted, phone is off', fate: { kind: 'undelivered', code: 30003 } },
  { ending: '9005', says: 'accepted, number unknown', fate: { kind: 'undelivered', code: 30005 } },
  { ending: '9007', says: 'accepted, then filtered', fate: { kind: 'undelivered', code: 30007 } },
  { ending: '9000', says: 'accepted, no receipt ever', fate: { kind: 'no_receipt' } },
  { ending: '9002', says: 'delivered, receipts twice', fate: { kind: 'doubled_receipts' } },
];

/**
 * The numbers that Twilio's own test credentials treat specially, as recipients.
 *
 * @see https://www.twilio.com/docs/iam/test-credentials#test-sms-messages
 */
const twilioTestRecipients: Readonly<Record<string, TwilioErrorCode>> = {
  '+15005550001': 21211,
  '+15005550002': 21612,
  '+15005550003': 21408,
  '+15005550004': 21610,
  '+15005550009': 21614,
};

/** As senders, likewise. */
const twilioTestSenders: Readonly<Record<string, TwilioErrorCode>> = {
  '+15005550001': 21212,
  '+15005550007': 21606,
  '+15005550008': 21611,
};

/** @returns undefined for an ordinary number */
export function fateOf(recipient: string): Fate | undefined {
  const code = twilioTestRecipients[recipient];
  if (code !== undefined) return { kind: 'refused', code };
  return magicNumbers.find(({ ending }) => recipient.endsWith(ending))?.fate;
}

/** @returns the code that a sender is refused with */
export function senderRefusal(sender: string): TwilioErrorCode | undefined {
  return twilioTestSenders[sender];
}
