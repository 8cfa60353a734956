import { createHmac, timingSafeEqual } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import type { NumberedKey } from './key-store.ts';

/** The addresses that a secret protects: neither can carry a token of its own. */
export const secretCallbacks = ['inbound', 'bounce'] as const;
export type SecretCallback = (typeof secretCallbacks)[number];

/**
 * The last part of a callback's address, 43 characters: an HMAC of its name under a callback key, so
 * that nothing is stored and the one says nothing about the other.
 */
export function callbackSecret({ key }: NumberedKey, callback: SecretCallback): Secret<string> {
  const mac = createHmac('sha256', key.reveal()).update(`sotto/callback/${callback}/1`);
  return new Secret(mac.digest('base64url'));
}

/** Whether a text is this callback's secret under any of the keys; takes as long for any text. */
export function isCallbackSecret(
  keys: readonly NumberedKey[],
  callback: SecretCallback,
  given: string,
): boolean {
  const digest = (text: string) => createHmac('sha256', 'sotto/compare').update(text).digest();
  const givenDigest = digest(given);
  const same = keys.map((key) =>
    timingSafeEqual(givenDigest, digest(callbackSecret(key, callback).reveal())),
  );
  return same.includes(true);
}
