import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { utcDay } from '../domain/link-expiry.ts';
import { Secret } from '../domain/secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { sealCallback } from '../keys/sealing.ts';
import { insertSealedCallback, isKnownAttempt } from '../store/callback-writes.ts';
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
 * Nothing is checked here but that the attempt exists: who signed it only the worker can tell. What
 * is kept is `{"url","signature","params"}` in JSON.
 *
 * @param input.token of the attempt, from the path
 * @throws {AppError} `not_found` for a token of no attempt, `key_missing`, `unavailable`
 */
export async function acceptStatusCallback(
  { database, keys, now }: AcceptCallbackDeps,
  { token, request }: { token: string; request: Secret<CallbackRequest> },
): Promise<void> {
  const attemptToken = parseToken(token);
  if (!attemptToken || !(await isKnownAttempt(database, attemptToken))) {
    throw new AppError('not_found');
  }
  const epochDay = utcDay(now());
  const epochPublicKey = await keys.epochPublicKey(epochDay);
  if (!epochPublicKey) throw new AppError('key_missing', { retryAfterS: 30 });
  const { url, signature, params } = request.reveal();
  const bytes = Buffer.from(JSON.stringify({ url, signature, params }));
  await insertSealedCallback(database, {
    id: randomUUID(),
    kind: 'twilio_status',
    attemptToken,
    epochDay,
    sealed: sealCallback({ epochPublicKey, request: new Secret(bytes) }),
  });
}

/** 16 bytes in base64url, in the one form that they have. */
function parseToken(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === 16 && bytes.toString('base64url') === text ? bytes : undefined;
}
