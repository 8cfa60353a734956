import { createCipheriv, type KeyObject, randomBytes } from 'node:crypto';

const ivBytes = 12;

/**
 * The parts of a JWE with `dir` and A256GCM, as jose would make them: an eighth of the price, since jose has
 * each made by another thread.
 *
 * @param protectedHeader in base64url
 * @see RFC 7516, 5.1; RFC 7518, 4.5 and 5.3
 */
export function sealDirectly(
  key: KeyObject,
  protectedHeader: string,
  plaintext: Buffer,
): { iv: Buffer; ciphertext: Buffer; tag: Buffer } {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(protectedHeader));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}
