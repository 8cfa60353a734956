import { randomBytes } from 'node:crypto';
import sodium from 'sodium-native';
import type { Secret } from '../domain/secret.ts';
import { type Binding, bindingBytes, type Purpose } from './bound.ts';

export const boundNonceBytes = sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;

export const boundKeyBytes = sodium.crypto_aead_xchacha20poly1305_ietf_KEYBYTES;

/** How much longer than its padded payload a sealed value is, its binding not counted: 40 bytes. */
export const boundOverheadBytes =
  boundNonceBytes + sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES;

/**
 * Seals with XChaCha20-Poly1305: 24 bytes of nonce, then the ciphertext.
 *
 * The binding stands at the head of the plaintext and is authenticated beside it, so that what is
 * moved to another row does not open.
 */
export function sealBound(
  key: Secret<Buffer>,
  to: { purpose: Purpose; binding: Binding },
  padded: Buffer,
): Buffer {
  const bound = bindingBytes(to.purpose, to.binding);
  // Random nonces are safe at this length: https://doc.libsodium.org/secret-key_cryptography/aead
  const nonce = randomBytes(boundNonceBytes);
  const ciphertext = Buffer.alloc(
    bound.length + padded.length + sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES,
  );
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    ciphertext,
    Buffer.concat([bound, padded]),
    bound,
    null,
    nonce,
    key.reveal(),
  );
  return Buffer.concat([nonce, ciphertext]);
}
