import { z } from 'zod';
import type { Secret } from '../domain/secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { openCallback as unseal } from '../keys/open-parcel.ts';
import type { SealedCallback } from '../store/callbacks.ts';
import { parseBounce } from '../transport/email-bounce.ts';
import {
  type CallbackFields,
  parseInboundWord,
  parseStatusCallback,
  refusedNumber,
  verifyTwilioSignature,
} from '../transport/sms-twilio-callback.ts';
import { refusalForTwilioCode } from '../transport/sms-twilio-codes.ts';
import type { DeliveryReceipt } from './record-delivery-receipt.ts';
import type { Reply } from './record-opt-out.ts';

export interface OpenCallbackDeps {
  readonly keys: Pick<KeyStore, 'epochPrivateKey'>;
  /** Absent where no account is set: then nothing can be Twilio's. */
  readonly authToken: Secret<string> | undefined;
  /** Public base of the addresses that the provider was given. */
  readonly callbackUrl: string;
}

/** What a callback turned out to be. All else that it said is forgotten here. */
export type OpenedCallback =
  | {
      readonly kind: 'receipt';
      readonly receipt: DeliveryReceipt;
      /** Whom the provider refuses to send to, because they said stop to it. */
      readonly refused?: { readonly from: Secret<string>; readonly saidAt: string } | undefined;
    }
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'forged' | 'unreadable' | 'nothing' };

const keptRequest = z.strictObject({
  url: z.string(),
  signature: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
});
const statusPath = /^\/callbacks\/twilio\/status\/([A-Za-z0-9_-]{22})$/;
const inboundPath = /^\/callbacks\/twilio\/inbound\/[A-Za-z0-9_-]{43}$/;

/** Opens a callback. It never rejects: what is wrong with one callback is its own. */
export async function openCallback(
  deps: OpenCallbackDeps,
  callback: SealedCallback,
): Promise<OpenedCallback> {
  try {
    const epochPrivateKey = await deps.keys.epochPrivateKey(callback.epochDay);
    if (!epochPrivateKey) return { kind: 'unreadable' };
    const bytes = unseal({ epochPrivateKey, sealed: callback.sealed }).reveal();
    if (callback.kind === 'email_bounce') return await readBounce(bytes);
    const { url, signature, params } = keptRequest.parse(JSON.parse(bytes.toString('utf8')));
    const { authToken, callbackUrl } = deps;
    if (
      !authToken ||
      !verifyTwilioSignature({ authToken, signature, url: callbackUrl + url, params })
    ) {
      return { kind: 'forged' };
    }
    return callback.kind === 'twilio_status'
      ? readStatus(url, params, callback.receivedAt)
      : readInbound(url, params, callback.receivedAt);
  } catch {
    return { kind: 'unreadable' };
  }
}

function readStatus(url: string, params: CallbackFields, saidAt: string): OpenedCallback {
  // The attempt is the one in the signed address, whatever stands beside it in the row.
  const token = statusPath.exec(url)?.[1];
  const status = parseStatusCallback(params);
  if (!token || !status) return { kind: 'nothing' };
  const { errorCode: code, ...rest } = status;
  const reason =
    status.status === 'undelivered' && code ? refusalForTwilioCode(code).reason : undefined;
  const from = reason === 'opted_out' ? refusedNumber(params) : undefined;
  return {
    kind: 'receipt',
    receipt: { ...rest, code, reason, token: Buffer.from(token, 'base64url'), channel: 'sms' },
    refused: from && { from, saidAt },
  };
}

function readInbound(url: string, params: CallbackFields, saidAt: string): OpenedCallback {
  // Signed for this address: what was signed for another is no reply.
  const said = inboundPath.test(url) ? parseInboundWord(params) : undefined;
  return said ? { kind: 'reply', reply: { ...said, saidAt } } : { kind: 'nothing' };
}

async function readBounce(message: Buffer): Promise<OpenedCallback> {
  const bounce = await parseBounce(message);
  if (!bounce) return { kind: 'nothing' };
  // Whoever returns a message had accepted it: the same proof as a receipt.
  return { kind: 'receipt', receipt: { ...bounce, channel: 'email' } };
}
