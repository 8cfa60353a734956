import twilio from 'twilio';
import { type OptOutWord, optOutWordIn } from '../domain/opt-out-word.ts';
import { Secret } from '../domain/secret.ts';

/** The fields of a callback, as a form parser gives them. */
export type CallbackFields = Readonly<Record<string, string | readonly string[]>>;

/**
 * Whether a callback was signed with our auth token.
 *
 * @param input.url the public address that the provider was given, never one made from `Host`
 * @see https://www.twilio.com/docs/usage/security#validating-requests
 */
export function verifyTwilioSignature(input: {
  authToken: Secret<string>;
  signature: string | undefined;
  url: string;
  params: CallbackFields;
}): boolean {
  if (!input.signature || !URL.canParse(input.url)) return false;
  return twilio.validateRequest(
    input.authToken.reveal(),
    input.signature,
    input.url,
    input.params as Record<string, string>,
  );
}

export type ReceiptStatus = 'sent' | 'delivered' | 'undelivered' | 'other';

/**
 * Twilio's words for where a message is. What fails after it was accepted never arrived, for
 * whatever reason: both words mean undelivered. Words that are not here change nothing.
 *
 * @see https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
 */
const statuses: Readonly<Record<string, ReceiptStatus>> = {
  accepted: 'other',
  scheduled: 'other',
  queued: 'other',
  sending: 'other',
  sent: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'undelivered',
  failed: 'undelivered',
};

/** Reads one of Twilio's words for where a message is. */
export function receiptStatusOf(word: string): ReceiptStatus {
  return Object.hasOwn(statuses, word) ? (statuses[word] as ReceiptStatus) : 'other';
}

/**
 * What a status callback says, with nothing personal left in it.
 *
 * @returns undefined when it is not one
 */
export function parseStatusCallback(
  params: CallbackFields,
): { providerId: string; status: ReceiptStatus; errorCode?: string } | undefined {
  const providerId = params.MessageSid ?? params.SmsSid;
  const word = params.MessageStatus ?? params.SmsStatus;
  if (typeof providerId !== 'string' || !/^(SM|MM)[0-9a-fA-F]{32}$/.test(providerId)) {
    return undefined;
  }
  if (typeof word !== 'string') return undefined;
  const errorCode = params.ErrorCode;
  return {
    providerId,
    status: receiptStatusOf(word),
    ...(typeof errorCode === 'string' && /^[1-9]\d{0,5}$/.test(errorCode) ? { errorCode } : {}),
  };
}

/** What somebody who was written to says about messages; nothing else of what they wrote. */
export interface InboundWord {
  /** Digits behind a plus (ITU-T E.164). */
  readonly from: Secret<string>;
  readonly word: OptOutWord;
}

/** What Advanced Opt-Out takes a message for. It knows words that an account has added. */
const optOutTypes: Readonly<Record<string, OptOutWord | undefined>> = {
  STOP: 'stop',
  START: 'start',
  HELP: undefined,
};

/**
 * Reads a message that somebody sent to us: STOP or START, or nothing of it.
 *
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request
 * @see https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
 */
export function parseInboundWord(params: CallbackFields): InboundWord | undefined {
  const { From: from, Body: body, OptOutType: type } = params;
  if (typeof from !== 'string' || !isPhone(from)) return undefined;
  const isTyped = typeof type === 'string' && Object.hasOwn(optOutTypes, type);
  const word = isTyped
    ? optOutTypes[type]
    : typeof body === 'string'
      ? optOutWordIn(body)
      : undefined;
  return word && { from: new Secret(from), word };
}

/** The number of somebody whom Twilio refuses to send to because they said stop to it. */
export function refusedNumber(params: CallbackFields): Secret<string> | undefined {
  const { To: to } = params;
  return typeof to === 'string' && isPhone(to) ? new Secret(to) : undefined;
}

function isPhone(text: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(text);
}
