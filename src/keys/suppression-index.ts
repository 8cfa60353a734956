import { createHmac } from 'node:crypto';
import type { Secret } from '../domain/secret.ts';
import type { NumberedKey } from './key-store.ts';

/** What a contact point is found by among those that said stop, and the pepper it was made with. */
export interface SuppressionIndex {
  /** HMAC-SHA-256, 32 bytes. */
  readonly index: Buffer;
  readonly pepperId: string;
}

/**
 * A contact point's index under every pepper, the newest last: whoever said stop under one stays
 * found after a newer one was made.
 *
 * The part of an address before the `@` is folded too. It may be case-sensitive (RFC 5321, 2.4), and
 * hardly is anywhere: someone who said stop must not be written to for a capital letter.
 *
 * @param contactPoint in the form of `contact-point.ts`
 */
export function suppressionIndexes(
  peppers: readonly NumberedKey[],
  contactPoint: Secret<string>,
): SuppressionIndex[] {
  const folded = contactPoint.reveal().toLowerCase();
  return peppers.map(({ id, key }) => ({
    index: createHmac('sha256', key.reveal()).update(folded).digest(),
    pepperId: id,
  }));
}
