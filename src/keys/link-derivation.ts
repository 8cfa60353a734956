import assert from 'node:assert/strict';
import { hkdfSync } from 'node:crypto';
import type { Secret } from '../domain/secret.ts';

/** Eighteen bytes are exactly 24 characters of base64url: no slack bits, so one spelling only. */
export const linkSecretBytes = 18;

const derivations = {
  lookup: { info: 'sotto/link/lookup/1', lengthBytes: 16 },
  seal: { info: 'sotto/link/seal/1', lengthBytes: 32 },
  source: { info: 'sotto/link/source/1', lengthBytes: 32 },
} as const;

/**
 * Derives a key from a link secret, one independent of the other (HKDF-SHA-256 without salt).
 *
 * @see RFC 5869
 */
export function deriveFromLink(secret: Secret<Buffer>, use: keyof typeof derivations): Buffer {
  const bytes = secret.reveal();
  assert(bytes.length === linkSecretBytes, 'link secret is not 18 bytes');
  const { info, lengthBytes } = derivations[use];
  return Buffer.from(hkdfSync('sha256', bytes, '', info, lengthBytes));
}
