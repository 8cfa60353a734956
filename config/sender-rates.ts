import type { Channel } from '../src/domain/channel.ts';
import type { Config } from './env.ts';

/** What can be told of a sender from how it is written. */
export type SenderKind = 'alphanumeric' | 'short_code' | 'toll_free' | 'long_code' | 'unknown';

export const perSecondOfKind: Record<SenderKind, number> = {
  alphanumeric: 10,
  short_code: 100,
  toll_free: 3,
  long_code: 1,
  unknown: 1,
};
const sandboxPerSecond = 100;
/** Of the North American plan, its codes 8NN for who is called free of charge. */
const tollFree = /^\+1(?:800|833|844|855|866|877|888)\d{7}$/;

/** @see https://www.twilio.com/docs/messaging/guides/mps-and-queue */
function senderKindOf(from: string | undefined): SenderKind {
  if (from === undefined) return 'unknown';
  if (/[A-Za-z]/.test(from)) return 'alphanumeric';
  if (/^\d{3,6}$/.test(from)) return 'short_code';
  return tollFree.test(from) ? 'toll_free' : 'long_code';
}

/**
 * How many messages a second each sender may hand over, all processes together. Where nothing is set,
 * what Twilio allows a sender of its kind; what cannot be told, as a messaging service, as the slowest.
 */
export function senderRates(
  config: Pick<Config, 'SMS_PER_SECOND' | 'EMAIL_PER_SECOND' | 'SMS_TRANSPORT' | 'TWILIO_FROM'>,
): Record<Channel, number> {
  const ofKind =
    config.SMS_TRANSPORT === 'sandbox'
      ? sandboxPerSecond
      : perSecondOfKind[senderKindOf(config.TWILIO_FROM)];
  return { sms: config.SMS_PER_SECOND ?? ofKind, email: config.EMAIL_PER_SECOND };
}
