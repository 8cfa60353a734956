import assert from 'node:assert/strict';
import twilio from 'twilio';
import type { Secret } from '../domain/secret.ts';
import { refusalForTwilioCode } from './sms-twilio-codes.ts';
import { createTwilioHttpClient, NoAnswer, type SdkRequest } from './sms-twilio-http.ts';
import type { OutgoingMessage, SendOutcome, Transport } from './transport.ts';

export { parseStatusCallback, verifyTwilioSignature } from './sms-twilio-callback.ts';

/** An answer other than 2xx. `code` is there only when the body is Twilio's own. */
class RefusedAnswer extends Error {
  readonly status: number;
  readonly code: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: number | undefined, retryAfterMs: number | undefined) {
    super('refused_answer');
    this.name = 'RefusedAnswer';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

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
}): Transport {
  assert(!options.from !== !options.messagingServiceSid, 'one of from and messagingServiceSid');
  const sender = options.from
    ? { from: options.from }
    : { messagingServiceSid: options.messagingServiceSid as string };
  const http = createTwilioHttpClient(options);
  const httpClient = {
    async request(sdkRequest: SdkRequest) {
      const answer = await http.request(sdkRequest);
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
      throw new RefusedAnswer(
        answer.statusCode,
        twilioErrorCode(answer.body, answer.statusCode),
        retryAfterMs(answer.headers['retry-after']),
      );
    },
  };
  // Empty edge and region keep variables of the environment from redirecting the SDK.
  const client = twilio(options.keySid ?? options.accountSid, options.authToken.reveal(), {
    accountSid: options.accountSid,
    httpClient: httpClient as never,
    edge: '',
    region: '',
  });

  return {
    name: 'sms-twilio',
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
      http.close();
    },
  };
}

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

/**
 * The `code` of Twilio's own error body. A gateway in between may answer JSON with a `code` too, so
 * it must be one of Twilio's five digits and the body's status that of the answer.
 */
export function twilioErrorCode(body: string, status: number): number | undefined {
  try {
    const error = JSON.parse(body) as { code?: unknown; status?: unknown } | null;
    const code = error?.code;
    return Number.isInteger(code) && /^[1-9]\d{4}$/.test(String(code)) && error?.status === status
      ? (code as number)
      : undefined;
  } catch {
    return undefined;
  }
}

const retryAfterMsMax = 60 * 60_000;

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), retryAfterMsMax) : undefined;
}
