import type { Recipient } from './appointment.ts';
import type { Channel } from './channel.ts';

/**
 * A recipient's contact point on a channel, in the one form that parcels and notes hold: a link is
 * compared by it with every later version, so that an old number's link shows nothing new.
 *
 * @param recipient of an accepted request; other texts have no such form
 */
export function contactPointOf(
  { phone, email }: Pick<Recipient, 'phone' | 'email'>,
  channel: Channel,
): string | undefined {
  return channel === 'sms' ? phone && phoneForm(phone) : email && emailForm(email);
}

/** Digits behind a plus (ITU-T E.164). */
export function phoneForm(phone: string): string {
  return `+${phone.replace(/\D/g, '')}`;
}

/** The domain in lower case; the part before it may be case-sensitive (RFC 5321, 2.4). */
export function emailForm(email: string): string {
  return email.replace(/@[^@]*$/, (domain) => domain.toLowerCase());
}
