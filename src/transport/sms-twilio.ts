import assert from 'node:assert/strict';
import type { Secret } from '../domain/secret.ts';
import { createTwilioClient, RefusedAnswer } from './sms-twilio-client.ts';
import { refusalForTwilioCode } from './sms-twilio-codes.ts';
import { twilioCopies } from './sms-twilio-copies.ts';
import { NoAnswer } from './sms-twilio-http.ts';
import { twilioLookUp } from './sms-twilio-look-up.ts';
import type { OutgoingMessage, SendOutcome, Transport } from './transport.ts';

export { parseStatusCallback, verifyTwilioSignature } from './sms-twilio-callback.ts';

/**
 * Sends SMS through Twilio's Messages API, or whatever else speaks it at `baseUrl`.
 *
 * Content stays retained at the provider (the default there), because an uncertain hand-off is
 * settled by looking for our link in the provider's list. Links are never shortened: the shortener
 * would see them, and the text would no longer be ours.
 *
 * @param options.keySid of an API key to sign in with; `authToken` is then its secret
 * @param options.statusCallbackUrl public address for the receipts of one attempt; none are asked for
 *   without it
 * @param options.timeoutMs for a whole hand-off, the wait for a socket included
 * @param options.lookUpLagMs how long a message that was accepted may be missing from the list
 * @param options.keepsCopies Twilio's copies of messages are left there
 * @see https://www.twilio.com/docs/messaging/api/message-resource
 */
export function createTwilioTransport(options: {
  accountSid: string;
  keySid?: string | undefined;
  authToken: Secret<string>;
  from?: string | undefined;
  messagingServiceSid?: string | undefined;
  baseUrl?: string | undefined;
  statusCallbackUrl: ((attemptToken: string) => string) | undefined;
  timeoutMs: number;
  maxSockets: number;
  lookUpLagMs?: number | undefined;
  keepsCopies?: boolean | undefined;
}): Transport {
  assert(!options.from !== !options.messagingServiceSid, 'one of from and messagingServiceSid');
  const sender = options.from
    ? { from: options.from }
    : { messagingServiceSid: options.messagingServiceSid as string };
  const { client, close } = createTwilioClient(options);
  // Sends need not wait until somebody has been looked for.
  const reader = createTwilioClient({ ...options, maxSockets: readerSocketsMax });

  return {
    name: 'sms-twilio',
    idempotency: twilioLookUp({ client: reader.client, lagMs: options.lookUpLagMs ?? 0 }),
    copies: options.keepsCopies ? undefined : twilioCopies(reader.client),
    async send(message: OutgoingMessage): Promise<SendOutcome> {
      try {
        const accepted = await client.messages.create({
          ...sender,
          to: message.to.reveal(),
          body: message.text.reveal(),
          shortenUrls: false,
          ...(options.statusCallbackUrl && {
            statusCallback: options.statusCallbackUrl(message.attemptToken),
          }),
          validityPeriod: Math.min(36_000, Math.max(1, Math.floor(message.validitySeconds))),
        });
        return messageSid.test(accepted.sid)
          ? { kind: 'accepted', providerId: accepted.sid }
          : { kind: 'uncertain', reason: 'unclear_answer' };
      } catch (error) {
        return outcomeOf(error);
      }
    },
    async close() {
      close();
      reader.close();
    },
  };
}

/** As many as are looked for and deleted at once, so that none waits for a socket. */
const readerSocketsMax = 18;
const messageSid = /^(SM|MM)[0-9a-fA-F]{32}$/;

/** Only what is certain is refused; everything else is uncertain. */
function outcomeOf(error: unknown): SendOutcome {
  if (error instanceof NoAnswer) {
    return error.written
      ? { kind: 'uncertain', reason: error.reason }
      : { kind: 'refused', permanent: false, reason: 'not_connected' };
  }
  if (!(error instanceof RefusedAnswer)) return { kind: 'uncertain', reason: 'unclear_answer' };
  if (error.status >= 500) return { kind: 'uncertain', reason: 'provider_down' };
  if (error.status < 400 || error.code === undefined) {
    return { kind: 'uncertain', reason: 'unclear_answer' };
  }
  const refusal =
    error.status === 429
      ? ({ permanent: false, reason: 'rate_limited' } as const)
      : refusalForTwilioCode(String(error.code));
  return {
    kind: 'refused',
    ...refusal,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}
