import type { Channel } from '../src/domain/channel.ts';
import type { Config } from './env.ts';

/** What can be told of a sender from how it is written. */
export type SenderKind =
  | 'alphanumeric'
  | 'short_code'
  | 'toll_free'
  | 'long_code'
  | 'long_code_abroad'
  | 'unknown';

/** Messages a second; what cannot be told is a messaging service, with the senders that it has. */
export const perSecondOfKind: Record<SenderKind, number> = {
  alphanumeric: 10,
  short_code: 100,
  toll_free: 3,
  long_code: 1,
  long_code_abroad: 10,
  unknown: 100,
};
const sandboxPerSecond = 100;
const emailPerSecond = 50;
/** From here on a rate is kept by what is fed each second, and not to the message. */
const notKeptFrom = 1_000;
/** Of the North American plan, its codes 8NN for who is called free of charge. */
const tollFree = /^\+1(?:800|833|844|855|866|877|888)\d{7}$/;

/** @see https://www.twilio.com/docs/messaging/guides/mps-and-queue */
function senderKindOf(from: string | undefined): SenderKind {
  if (from === undefined) return 'unknown';
  if (/[A-Za-z]/.test(from)) return 'alphanumeric';
  if (/^\d{3,6}$/.test(from)) return 'short_code';
  if (tollFree.test(from)) return 'toll_free';
  return from.startsWith('+1') ? 'long_code' : 'long_code_abroad';
}

type RateSettings = Pick<
  Config,
  'SMS_PER_SECOND' | 'EMAIL_PER_SECOND' | 'SMS_TRANSPORT' | 'EMAIL_TRANSPORT' | 'TWILIO_FROM'
>;

/**
 * How many messages a second each sender may hand over, all processes together. Where nothing is set,
 * what Twilio allows a sender of its kind.
 */
export function senderRates(config: RateSettings): Record<Channel, number> {
  const ofKind =
    config.SMS_TRANSPORT === 'sandbox'
      ? sandboxPerSecond
      : perSecondOfKind[senderKindOf(config.TWILIO_FROM)];
  return { sms: config.SMS_PER_SECOND ?? ofKind, email: config.EMAIL_PER_SECOND ?? emailPerSecond };
}

/** The rate that a sender keeps to the message; undefined where nobody asks for it, or not as exactly. */
export function keptRate(config: RateSettings, channel: Channel): number | undefined {
  const perSecond = senderRates(config)[channel];
  const isAskedFor = {
    sms: config.SMS_TRANSPORT !== 'sandbox' || config.SMS_PER_SECOND !== undefined,
    email: config.EMAIL_TRANSPORT !== 'sandbox' || config.EMAIL_PER_SECOND !== undefined,
  };
  return isAskedFor[channel] && perSecond < notKeptFrom ? perSecond : undefined;
}
