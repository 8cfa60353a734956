import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';

/** The Ed25519 key object of 32 private bytes (RFC 8032, 5.1.5). */
export function receiptPrivateKey(privateBytes: Buffer): KeyObject {
  return createPrivateKey({
    key: privateBytes,
    format: 'raw-private',
    asymmetricKeyType: 'ed25519',
  });
}

/** The public half as published; `kid` is its RFC 7638 thumbprint, so no two keys share one. */
export function receiptJwk(privateBytes: Buffer): JWK & { readonly kid: string } {
  const publicKey = createPublicKey(receiptPrivateKey(privateBytes));
  const x = publicKey.export({ format: 'raw-public' }).toString('base64url');
  const required = { crv: 'Ed25519', kty: 'OKP', x };
  const kid = createHash('sha256').update(JSON.stringify(required)).digest('base64url');
  return { ...required, kid, alg: 'EdDSA', use: 'sig' };
}
