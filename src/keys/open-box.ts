import sodium from 'sodium-native';
import type { Secret } from '../domain/secret.ts';
import { boxPublicKey } from './box-keys.ts';
import { SealError } from './seal-error.ts';

/** Public halves of private keys that are in use: deriving one costs as much as opening a box. */
const publicKeys = new WeakMap<Buffer, Buffer>();

/**
 * Opens what was sealed to this key's public half.
 *
 * @throws {SealError} `cannot_open`
 */
export function openBox(privateKey: Secret<Buffer>, sealed: Buffer): Buffer {
  if (sealed.length < sodium.crypto_box_SEALBYTES) throw new SealError('cannot_open');
  const plaintext = Buffer.alloc(sealed.length - sodium.crypto_box_SEALBYTES);
  const key = privateKey.reveal();
  if (!sodium.crypto_box_seal_open(plaintext, sealed, publicKeyOf(key), key)) {
    throw new SealError('cannot_open');
  }
  return plaintext;
}

function publicKeyOf(key: Buffer): Buffer {
  const known = publicKeys.get(key);
  if (known) return known;
  const publicKey = boxPublicKey(key);
  publicKeys.set(key, publicKey);
  return publicKey;
}
