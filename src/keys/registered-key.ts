import { createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';

/** What requests may be signed with. Each kind of key has one, which who signs does not choose. */
export const signatureAlgorithms = ['EdDSA', 'ES256'] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** A public key of somebody else's, as it is stored. */
export interface RegisteredKey {
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: JWK;
}

/**
 * Reads a public key from PEM (SPKI) or a JWK.
 *
 * @returns `private` for what holds a private key, which nobody but its owner may have; `unreadable`;
 *   `unsupported` for any kind but Ed25519 and P-256
 */
export async function readPublicKey(
  text: string,
): Promise<RegisteredKey | 'private' | 'unreadable' | 'unsupported'> {
  const given = text.trim();
  if (/PRIVATE KEY/.test(given)) return 'private';
  const key = given.startsWith('{') ? fromJwk(given) : fromPem(given);
  if (typeof key === 'string') return key;
  const algorithm = algorithmOf(key);
  if (!algorithm) return 'unsupported';
  const { kty, crv, x, y } = await exportJWK(key);
  const publicKey = { kty, crv, x, ...(y === undefined ? {} : { y }) } as JWK;
  return { thumbprint: await calculateJwkThumbprint(publicKey), algorithm, publicKey };
}

function fromJwk(text: string): KeyObject | 'private' | 'unreadable' {
  try {
    const jwk = JSON.parse(text);
    if ('d' in jwk || 'k' in jwk) return 'private';
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return 'unreadable';
  }
}

function fromPem(text: string): KeyObject | 'unreadable' {
  try {
    return createPublicKey({ key: text, format: 'pem' });
  } catch {
    return 'unreadable';
  }
}

function algorithmOf(key: KeyObject): SignatureAlgorithm | undefined {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  const isP256 = key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  return key.asymmetricKeyType === 'ec' && isP256 ? 'ES256' : undefined;
}
