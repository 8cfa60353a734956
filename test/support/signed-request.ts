import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type RegisteredKey, readPublicKey } from '../../src/keys/registered-key.ts';

/** A pair of which the public half can be registered. */
export interface Signer {
  readonly privateKey: KeyObject;
  readonly key: RegisteredKey;
}

export async function createSigner(algorithm: 'EdDSA' | 'ES256' = 'EdDSA'): Promise<Signer> {
  const { privateKey, publicKey } =
    algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = await readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  if (typeof key === 'string') throw new Error(key);
  return { privateKey, key };
}

/** A token for a request to `https://api.test`; claims and header may be replaced or, undefined, left out. */
export async function signRequest(
  { privateKey, key }: Signer,
  {
    id,
    body,
    claims,
    header,
  }: {
    id: string;
    body?: string | undefined;
    claims?: Record<string, unknown>;
    header?: Record<string, unknown>;
  },
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000);
  const all = {
    iss: id,
    aud: 'https://api.test',
    iat: nowS,
    exp: nowS + 60,
    jti: randomUUID(),
    method: 'GET',
    path: '/v1/appointments',
    ...(body === undefined ? {} : { body: createHash('sha256').update(body).digest('base64url') }),
    ...claims,
  };
  const protectedHeader = { alg: key.algorithm, kid: key.thumbprint, typ: 'sotto-request+jwt' };
  return new SignJWT(all).setProtectedHeader({ ...protectedHeader, ...header }).sign(privateKey);
}
