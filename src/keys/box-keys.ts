import { randomBytes } from 'node:crypto';
import sodium from 'sodium-native';

/** A new X25519 private key: 32 random bytes (RFC 7748, 5; the function itself clamps them). */
export function newBoxPrivateKey(): Buffer {
  return randomBytes(sodium.crypto_box_SECRETKEYBYTES);
}

/** The X25519 public key of a private one, 32 bytes each. */
export function boxPublicKey(privateKey: Buffer): Buffer {
  const publicKey = Buffer.alloc(sodium.crypto_box_PUBLICKEYBYTES);
  sodium.crypto_scalarmult_base(publicKey, privateKey);
  return publicKey;
}
