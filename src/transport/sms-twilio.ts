import assert from 'node:assert/strict';
import twilio from 'twilio';
import type { Secret } from '../domain/secret.ts';
import { createTwilioHttpClient, NoAnswer, type SdkRequest } from './sms-twilio-http.ts';
import type { OutgoingMessage, SendOutcome, SendReason, Transport } from './transport.ts';

export { parseStatusCallback, verifyTwilioSignature } from './sms-twilio-callback.ts';

type Refusal = { readonly permanent: boolean; readonly reason: SendReason };
const gone = (reason: SendReason): Refusal => ({ permanent: true, reason });
/** For what is wrong with us rather than with the recipient: a mistake of ours burns no reminder. */
const again = (reason: SendReason): Refusal => ({ permanent: false, reason });

/**
 * What Twilio's error codes mean to us. A code that is not here is a permanent `provider_refused`:
 * Twilio understood the request and will not send this message.
 *
 * @see https://www.twilio.com/docs/api/errors
 */
const refusals: Readonly<Record<string, Refusal>> = {
  20003: again('provider_credentials'), // wrong credentials
  20004: again('provider_credentials'), // method not allowed for these credentials
  20005: again('provider_credentials'), // account not active
  20006: again('provider_credentials'), // access denied
  20008: again('provider_credentials'), // test credentials used for a live resource
  20403: again('provider_credentials'), // forbidden
  20404: again('provider_credentials'), // the account in the address is not there
  90010: again('provider_credentials'), // account not active

  20429: again('rate_limited'), // too many concurrent requests
  21611: again('rate_limited'), // the sender's queue is full
  30022: again('rate_limited'), // rate of a registered US campaign
  63038: again('rate_limited'), // messages a day

  21212: again('sender_misconfigured'), // From is no number
  21603: again('sender_misconfigured'), // From is missing
  21606: again('sender_misconfigured'), // From cannot send to this destination
  21609: again('sender_misconfigured'), // StatusCallback is no URL
  21659: again('sender_misconfigured'), // From is not a Twilio number
  21660: again('sender_misconfigured'), // From belongs to another account
  21661: again('sender_misconfigured'), // From cannot send SMS
  21701: again('sender_misconfigured'), // no such messaging service
  21703: again('sender_misconfigured'), // messaging service without senders
  30034: again('sender_misconfigured'), // sender not registered for the US

  21211: gone('invalid_recipient'), // To is no number
  21265: gone('invalid_recipient'), // To is a short code
  21266: gone('invalid_recipient'), // To equals From
  21401: gone('invalid_recipient'), // To is no number
  21421: gone('invalid_recipient'), // To is no number
  21604: gone('invalid_recipient'), // To is missing

  21214: gone('unreachable_recipient'), // To cannot be reached
  21408: gone('unreachable_recipient'), // the region is not enabled
  21608: gone('unreachable_recipient'), // a trial account may not reach it
  21612: gone('unreachable_recipient'), // no route to To from this sender
  21614: gone('unreachable_recipient'), // not a mobile number
  21635: gone('unreachable_recipient'), // a landline
  30003: gone('unreachable_recipient'), // handset off or away
  30005: gone('unreachable_recipient'), // unknown number
  30006: gone('unreachable_recipient'), // landline, or carrier out of reach

  21610: gone('opted_out'), // replied STOP
  30004: gone('blocked_by_carrier'), // blocked
  30007: gone('blocked_by_carrier'), // filtered
};

/** Reads one of Twilio's error codes, as an answer or a callback carries it. */
export function refusalForTwilioCode(code: string | number): Refusal {
  return refusals[code] ?? gone('provider_refused');
}

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
    error.status === 429 ? again('rate_limited') : refusalForTwilioCode(String(error.code));
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
