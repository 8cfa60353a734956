import { senderRefusal } from './magic-numbers.ts';
import type { TwilioErrorCode } from './twilio-errors.ts';

/** A form as the parser gives it: a name that came twice is a list. */
export type Form = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface CreateRequest {
  readonly to: string;
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  readonly body: string;
  readonly statusCallback: string | null;
}

const e164 = /^\+[1-9]\d{7,14}$/;
const shortCode = /^\d{3,8}$/;
/** Alphanumeric sender: up to 11 characters, at least one of them a letter. */
const alphanumericSender = /^(?=.*[A-Za-z])[A-Za-z0-9 &_-]{1,11}$/;
const bodyCharactersMax = 1_600;

/**
 * Reads the form that asks for a message, refusing what Twilio refuses. Parameters that have no
 * effect here are let through, as there.
 *
 * @param mayCallBack whether a callback address is one that this computer may call
 * @returns the request, or the code of the refusal
 * @see https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
 */
export function readCreateRequest(
  form: Form,
  mayCallBack: (url: URL) => boolean,
): CreateRequest | TwilioErrorCode {
  const to = single(form.To);
  const from = single(form.From);
  const messagingServiceSid = single(form.MessagingServiceSid);
  const body = single(form.Body);
  const statusCallback = single(form.StatusCallback);
  const validity = single(form.ValidityPeriod);

  if (!to) return 21604;
  if (!e164.test(to)) return 21211;
  if (!from && !messagingServiceSid) return 21603;
  if (from) {
    const refused = senderRefusal(from);
    if (refused) return refused;
    if (/^\+?\d+$/.test(from) && !e164.test(from) && !shortCode.test(from)) return 21212;
    if (!/^\+?\d+$/.test(from) && !alphanumericSender.test(from)) return 21212;
    if (from === to) return 21606;
  }
  if (messagingServiceSid && !/^MG[0-9a-zA-Z]{32}$/.test(messagingServiceSid)) return 21701;
  if (!body) return 21602;
  if (body.length > bodyCharactersMax) return 21617;
  if (validity && !(/^\d{1,5}$/.test(validity) && +validity >= 1 && +validity <= 36_000)) {
    return 90007;
  }
  if (statusCallback && !isCallable(statusCallback, mayCallBack)) return 21609;
  return {
    to,
    from: from ?? null,
    messagingServiceSid: messagingServiceSid ?? null,
    body,
    statusCallback: statusCallback ?? null,
  };
}

function isCallable(address: string, mayCallBack: (url: URL) => boolean): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return /^https?:$/.test(url.protocol) && mayCallBack(url);
}

function single(value: string | readonly string[] | undefined): string | undefined {
  const last = typeof value === 'string' ? value : value?.at(-1);
  return last === '' ? undefined : last;
}
