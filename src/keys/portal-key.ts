import { createECDH, hkdfSync } from 'node:crypto';
import { importJWK, type JWK } from 'jose';
import type { NumberedKey } from './key-store.ts';

/** What we sign our requests to portals with. */
export interface PortalKey {
  readonly id: string;
  readonly key: CryptoKey;
  /** For the provider. */
  readonly publicKey: JWK;
}

const curve = 'prime256v1';
/** Of P-256, less one. @see FIPS 186-5, A.2.1 */
const scalars = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550n;

/** The key pair for ES256, which every provider that takes signed requests knows, from 32 random bytes. */
export async function portalKey({ id, key }: NumberedKey): Promise<PortalKey> {
  const wide = Buffer.from(hkdfSync('sha256', key.reveal(), '', 'sotto/portal/es256/1', 48));
  const scalar = (BigInt(`0x${wide.toString('hex')}`) % scalars) + 1n;
  const secret = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey();
  const publicKey = {
    ...{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: `portal-${id}` },
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const { use: _use, ...common } = publicKey;
  const privateKey = await importJWK({ ...common, d: secret.toString('base64url') }, 'ES256');
  return { id: publicKey.kid, key: privateKey as CryptoKey, publicKey };
}
