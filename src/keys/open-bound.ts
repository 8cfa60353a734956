import sodium from 'sodium-native';
import type { Secret } from '../domain/secret.ts';
import { type Binding, bindingBytes, type Purpose } from './bound.ts';
import { boundNonceBytes, boundOverheadBytes } from './seal-bound.ts';
import { SealError } from './seal-error.ts';

/**
 * Opens what `sealBound` made: binding and padded payload, for `decodeBound` to compare.
 *
 * @throws {SealError} `cannot_open`
 */
export function openBound(
  key: Secret<Buffer>,
  to: { purpose: Purpose; binding: Binding },
  sealed: Buffer,
): Buffer {
  if (sealed.length < boundOverheadBytes) throw new SealError('cannot_open');
  const plaintext = Buffer.alloc(sealed.length - boundOverheadBytes);
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      plaintext,
      null,
      sealed.subarray(boundNonceBytes),
      bindingBytes(to.purpose, to.binding),
      sealed.subarray(0, boundNonceBytes),
      key.reveal(),
    );
  } catch {
    throw new SealError('cannot_open');
  }
  return plaintext;
}
