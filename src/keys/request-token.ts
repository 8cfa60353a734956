import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import type { RegisteredKey } from './registered-key.ts';

/** Whose a signed request claims to be: to be believed once its signature is checked. */
export interface ClaimedSigner {
  readonly credentialId: string;
  readonly thumbprint: string;
}

const charactersMax = 4_096;
const shape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const thumbprintShape = /^[A-Za-z0-9_-]{43}$/;
/** So that no other token of the signer's, and none of ours, is taken for a request (RFC 8725, 3.11). */
const requestTokenType = 'sotto-request+jwt';

/** Reads who is said to have signed; undefined for what is no signed request at all. */
export function readSigner(token: string): ClaimedSigner | undefined {
  if (token.length > charactersMax || !shape.test(token)) return undefined;
  try {
    const { typ, kid } = decodeProtectedHeader(token);
    const { iss } = payloadOf(Buffer.from(token.split('.')[1] ?? '', 'base64url'));
    if (typ !== requestTokenType || typeof kid !== 'string' || typeof iss !== 'string') return;
    if (!uuid.test(iss) || !thumbprintShape.test(kid)) return undefined;
    return { credentialId: iss, thumbprint: kid };
  } catch {
    return undefined;
  }
}

/**
 * Checks the signature with a registered key, by the algorithm that the key is bound to and no other.
 *
 * @returns what was signed; undefined when it was not with this key
 * @see RFC 7515; RFC 8037 and RFC 9864 (Ed25519 has two names)
 */
export async function verifyRequestToken(
  token: string,
  { algorithm, publicKey }: RegisteredKey,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const algorithms = algorithm === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [algorithm];
    const key = await importJWK(publicKey, algorithm);
    const { payload } = await compactVerify(token, key, { algorithms });
    return payloadOf(payload);
  } catch {
    return undefined;
  }
}

/** What a token is remembered by. */
export function tokenHash(tokenId: string): Buffer {
  return createHash('sha256').update(tokenId).digest();
}

/** What a body is signed by. */
export function digestOfBody(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url');
}

function payloadOf(bytes: Uint8Array): Record<string, unknown> {
  const payload: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new TypeError('payload');
  }
  return payload as Record<string, unknown>;
}
