import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Secret } from '../domain/secret.ts';

export type DkimFault = 'no_key_published' | 'revoked' | 'other_key';

/** @returns undefined for what is no RSA private key in PEM */
export function rsaKeyFrom(pem: Secret<string>): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem.reveal());
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether a DKIM record publishes the public half of our private key.
 *
 * @param record the whole text of the TXT record, its parts joined
 * @see RFC 6376, 3.6.1
 */
export function dkimRecordFault(privateKey: KeyObject, record: string): DkimFault | undefined {
  const [, published] = /(?:^|;)\s*p\s*=([^;]*)/.exec(record) ?? [];
  if (published === undefined) return 'no_key_published';
  if (published.trim() === '') return 'revoked';
  const ours = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return Buffer.from(published, 'base64').equals(ours) ? undefined : 'other_key';
}
