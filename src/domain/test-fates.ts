import type { Channel } from './channel.ts';

/** What becomes of a message in test mode where no sandbox is, instead of being delivered. */
export type TestFate =
  | { readonly kind: 'refused'; readonly reason: TestRefusal }
  | {
      readonly kind: 'undelivered';
      readonly reason: TestRefusal;
      /** What a provider would have said: Twilio's number, or a mail server's (RFC 3463). */
      readonly code: Readonly<Record<Channel, string>>;
    }
  | { readonly kind: 'no_receipt' }
  | { readonly kind: 'delivered'; readonly receipts: 1 | 2 };

type TestRefusal =
  | 'invalid_recipient'
  | 'unreachable_recipient'
  | 'opted_out'
  | 'blocked_by_carrier';

/**
 * Contact points that end so have a fate of their own: a phone in these digits, an email address in
 * these before the @. They are the sandbox's endings: 9 and the last three digits of the Twilio code
 * that they stand for.
 */
const fates: Readonly<Record<string, TestFate>> = {
  9211: { kind: 'refused', reason: 'invalid_recipient' },
  9610: { kind: 'refused', reason: 'opted_out' },
  9612: { kind: 'refused', reason: 'unreachable_recipient' },
  9614: { kind: 'refused', reason: 'unreachable_recipient' },
  9003: lost('unreachable_recipient', { sms: '30003', email: '5.2.2' }),
  9005: lost('unreachable_recipient', { sms: '30005', email: '5.1.1' }),
  9007: lost('blocked_by_carrier', { sms: '30007', email: '5.7.1' }),
  9000: { kind: 'no_receipt' },
  9002: { kind: 'delivered', receipts: 2 },
};

export const ordinaryFate: TestFate = { kind: 'delivered', receipts: 1 };

/** What a test message to this contact point is to meet. */
export function testFateOf(contact: string): TestFate {
  const name = contact.includes('@') ? contact.slice(0, contact.lastIndexOf('@')) : contact;
  return fates[name.slice(-4)] ?? ordinaryFate;
}

function lost(reason: TestRefusal, code: Record<Channel, string>): TestFate {
  return { kind: 'undelivered', reason, code };
}
