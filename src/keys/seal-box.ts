import sodium from 'sodium-native';
import { SealError } from './seal-error.ts';

/**
 * Seals to a public key, so that not even the sealer can open it again.
 *
 * @returns 48 bytes more than the plaintext
 * @throws {SealError} `cannot_seal` for a public key that is none, or of low order
 * @see https://doc.libsodium.org/public-key_cryptography/sealed_boxes
 */
export function sealBox(publicKey: Buffer, plaintext: Buffer): Buffer {
  const sealed = Buffer.alloc(plaintext.length + sodium.crypto_box_SEALBYTES);
  try {
    sodium.crypto_box_seal(sealed, plaintext, publicKey);
  } catch {
    throw new SealError('cannot_seal');
  }
  return sealed;
}
