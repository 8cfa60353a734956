import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { utcDay } from '../domain/link-expiry.ts';
import { Secret } from '../domain/secret.ts';
import { isCallbackSecret, type SecretCallback } from '../keys/callback-secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { sealCallback } from '../keys/sealing.ts';
import { insertSealedCallback, isKnownAttempt } from '../store/callback-writes.ts';
import type { CallbackKind } from '../store/callbacks.ts';
import type { Database } from '../store/database.ts';

export interface AcceptCallbackDeps {
  readonly database: Database;
  readonly keys: Pick<KeyStore, 'epochPublicKey'>;
  readonly now: () => Temporal.Instant;
}

/** A provider's request, with all that is needed to check later who sent it. */
export interface CallbackRequest {
  /** Path and query, as they came. */
  readonly url: string;
  readonly signature: string;
  readonly params: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Keeps a provider's word about an attempt for the worker, sealed to the key of today.
 *
 * Nothing is checked here but that the attempt exists and was by SMS, so that only the provider knows
 * its token: who signed it only the worker can tell. What is kept is `{"url","signature","params"}` in JSON.
 *
 * @param input.token of the attempt, from the path
 * @throws {AppError} `not_found` for a token of no attempt, `key_missing`, `unavailable`
 */
export async function acceptStatusCallback(
  deps: AcceptCallbackDeps,
  { token, request }: { token: string; request: Secret<CallbackRequest> },
): Promise<void> {
  const attemptToken = parseToken(token);
  if (!attemptToken || !(await isKnownAttempt(deps.database, attemptToken))) {
    throw new AppError('not_found');
  }
  await keep(deps, { kind: 'twilio_status', attemptToken, request: asJson(request) });
}

/**
 * Keeps what somebody texted to us, sealed and unread, for the worker to look for STOP in.
 *
 * @throws {AppError} `key_missing`, `unavailable`
 */
export async function acceptInboundMessage(
  deps: AcceptCallbackDeps,
  { request }: { request: Secret<CallbackRequest> },
): Promise<void> {
  await keep(deps, { kind: 'twilio_inbound', request: asJson(request) });
}

/**
 * Keeps a message that came to the return path, sealed as it came, for the worker.
 *
 * @throws {AppError} `key_missing`, `unavailable`
 */
export async function acceptBounce(
  deps: AcceptCallbackDeps,
  { message }: { message: Secret<Buffer> },
): Promise<void> {
  await keep(deps, { kind: 'email_bounce', request: message });
}

/** Whether the last part of an address is the secret of this callback. */
export async function isCallbackAddress(
  { keys }: { keys: Pick<KeyStore, 'symmetricKeys'> },
  { callback, secret }: { callback: SecretCallback; secret: string },
): Promise<boolean> {
  return isCallbackSecret(await keys.symmetricKeys('callback'), callback, secret);
}

async function keep(
  { database, keys, now }: AcceptCallbackDeps,
  callback: { kind: CallbackKind; attemptToken?: Buffer; request: Secret<Buffer> },
): Promise<void> {
  const epochDay = utcDay(now());
  const epochPublicKey = await keys.epochPublicKey(epochDay);
  if (!epochPublicKey) throw new AppError('key_missing', { retryAfterS: 30 });
  const { kind, attemptToken, request } = callback;
  const sealed = sealCallback({ epochPublicKey, request });
  await insertSealedCallback(database, { id: randomUUID(), kind, attemptToken, epochDay, sealed });
}

function asJson(request: Secret<CallbackRequest>): Secret<Buffer> {
  const { url, signature, params } = request.reveal();
  return new Secret(Buffer.from(JSON.stringify({ url, signature, params })));
}

/** 16 bytes in base64url, in the one form that they have. */
function parseToken(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === 16 && bytes.toString('base64url') === text ? bytes : undefined;
}
