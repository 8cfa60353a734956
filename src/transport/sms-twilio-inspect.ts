import twilio from 'twilio';
import { Secret } from '../domain/secret.ts';
import { twilioErrorCode } from './sms-twilio-client.ts';
import { createTwilioHttpClient, NoAnswer, type SdkRequest } from './sms-twilio-http.ts';

/** Why a question was not answered: no answer, or Twilio's own error code where there is one. */
export type TwilioFault =
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'refused'; readonly status: number; readonly code: number | undefined };

/** Where what people answer goes. */
export interface InboundWebhook {
  readonly url: Secret<string>;
  readonly method: string;
}

export type TwilioSender =
  | { readonly kind: 'missing' }
  /** A name in letters is registered nowhere, and cannot receive. */
  | { readonly kind: 'name' }
  | { readonly kind: 'number'; readonly sendsSms: boolean; readonly inbound: InboundWebhook }
  | {
      readonly kind: 'service';
      /** Undefined where each number of the service has its own. */
      readonly inbound: InboundWebhook | undefined;
    }
  | TwilioFault;

export interface TwilioView {
  readonly account: 'active' | 'suspended' | 'closed' | TwilioFault;
  /** Undefined where the account is not active. */
  readonly sender: TwilioSender | undefined;
  /** Twilio's clock as its first answer told it, to the second, and when that came. */
  readonly clock: { readonly thereMs: number; readonly hereMs: number } | undefined;
}

export interface TwilioAccountOptions {
  readonly accountSid: string;
  readonly authToken: Secret<string>;
  readonly from?: string | undefined;
  readonly messagingServiceSid?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

class Refused extends Error {
  readonly fault: TwilioFault;
  constructor(fault: TwilioFault) {
    super('refused');
    this.fault = fault;
  }
}

/**
 * Looks at the account and the sender. It reads no message and changes nothing.
 *
 * @see https://www.twilio.com/docs/iam/api/account
 * @see https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
 * @see https://www.twilio.com/docs/messaging/api/service-resource
 */
export async function inspectTwilio(options: TwilioAccountOptions): Promise<TwilioView> {
  const http = createTwilioHttpClient({ ...options, maxSockets: 2 });
  let clock: TwilioView['clock'];
  const httpClient = {
    async request(sdkRequest: SdkRequest) {
      const answer = await http.request(sdkRequest);
      const thereMs = Date.parse(answer.headers.date ?? '');
      if (Number.isFinite(thereMs)) clock ??= { thereMs, hereMs: options.nowMs() };
      const { statusCode: status, body } = answer;
      if (status >= 200 && status < 300) return answer;
      throw new Refused({ kind: 'refused', status, code: twilioErrorCode(body, status) });
    },
  };
  // Empty edge and region keep variables of the environment from redirecting the SDK.
  const client = twilio(options.accountSid, options.authToken.reveal(), {
    httpClient: httpClient as never,
    edge: '',
    region: '',
  });
  try {
    const account = await faultOr(async () => {
      const { status } = await client.api.v2010.accounts(options.accountSid).fetch();
      return status;
    });
    const sender =
      account === 'active' ? await faultOr(() => findSender(client, options)) : undefined;
    return { account, sender, clock };
  } finally {
    http.close();
  }
}

async function findSender(
  client: twilio.Twilio,
  { from, messagingServiceSid }: TwilioAccountOptions,
): Promise<TwilioSender> {
  if (messagingServiceSid) {
    const service = await client.messaging.v1.services(messagingServiceSid).fetch();
    const { useInboundWebhookOnNumber, inboundRequestUrl, inboundMethod } = service;
    return {
      kind: 'service',
      inbound: useInboundWebhookOnNumber ? undefined : webhook(inboundRequestUrl, inboundMethod),
    };
  }
  if (!from || /[a-z]/i.test(from)) return { kind: 'name' };
  const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: from, limit: 1 });
  if (!number) return { kind: 'missing' };
  return {
    kind: 'number',
    sendsSms: number.capabilities?.sms !== false,
    inbound: webhook(number.smsUrl, number.smsMethod),
  };
}

function webhook(
  url: string | null | undefined,
  method: string | null | undefined,
): InboundWebhook {
  return { url: new Secret(url ?? ''), method: method ?? '' };
}

async function faultOr<T>(ask: () => Promise<T>): Promise<T | TwilioFault> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refused) return error.fault;
    if (error instanceof NoAnswer) return { kind: 'no_answer' };
    // What the SDK cannot read is no answer of Twilio's.
    return { kind: 'no_answer' };
  }
}
