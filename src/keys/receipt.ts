import { randomBytes } from 'node:crypto';
import { CompactSign, type JSONWebKeySet, type JWK } from 'jose';
import type { Mode } from '../domain/channel.ts';
import type { Secret } from '../domain/secret.ts';
import type { NumberedKey } from './key-store.ts';
import { leafPointers, type ReceiptClaims, receiptDigest, receiptType } from './receipt-claims.ts';
import { receiptJwk, receiptPrivateKey } from './receipt-key.ts';

export interface ReceiptInput {
  readonly receiptId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly appointmentId: string;
  readonly version: number;
  readonly body: Secret<unknown>;
  readonly issuer: string;
  readonly issuedAt: Date;
}

export interface Receipts {
  /** A compact JWS, and the salt that its digest needs: 32 bytes in base64url, kept nowhere. */
  sign(input: ReceiptInput): Promise<{ receipt: string; receiptSalt: string }>;
  /** The public keys that receipts verify with (RFC 7517, 5). */
  jwks(): JSONWebKeySet;
}

/**
 * Signs receipts: our word that a version is stored, and with which fields.
 *
 * @param key the newest of the store's receipt keys
 * @param published other public keys to serve, so that receipts outlive a rotation
 * @see RFC 7515 (JWS), RFC 8037 (EdDSA in JOSE)
 */
export function createReceipts({
  key,
  published = [],
}: {
  key: NumberedKey;
  published?: readonly JWK[];
}): Receipts {
  const privateKey = receiptPrivateKey(key.key.reveal());
  const signingKey = privateKey.toCryptoKey('Ed25519', false, ['sign']);
  const jwk = receiptJwk(key.key.reveal());

  return {
    async sign(input) {
      const receiptSalt = randomBytes(32).toString('base64url');
      const body = input.body.reveal();
      const claims: ReceiptClaims = {
        jti: input.receiptId,
        iss: input.issuer,
        iat: Math.floor(input.issuedAt.getTime() / 1000),
        organisation: input.organisationId,
        mode: input.mode,
        reference: input.reference,
        appointment: input.appointmentId,
        version: input.version,
        fields: leafPointers(body),
        digest: receiptDigest(receiptSalt, body),
      };
      const receipt = await new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'EdDSA', typ: receiptType, kid: jwk.kid })
        .sign(signingKey);
      return { receipt, receiptSalt };
    },

    jwks: () => ({ keys: [jwk, ...published.filter(({ kid }) => kid !== jwk.kid)] }),
  };
}
