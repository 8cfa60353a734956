import { isDeepStrictEqual } from 'node:util';
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { leafPointers, type ReceiptClaims, receiptDigest, receiptType } from './receipt-claims.ts';

/**
 * Checks a receipt as a booking system does, with nothing but the published keys: our signature,
 * and that fields and digest are those of the body that was sent.
 *
 * @returns what the receipt says, or undefined when it is not a receipt for this body
 */
export async function verifyReceipt(input: {
  receipt: string;
  receiptSalt: string;
  body: unknown;
  jwks: JSONWebKeySet;
}): Promise<ReceiptClaims | undefined> {
  const claims = await signedClaims(input.receipt, input.jwks);
  if (!claims) return undefined;
  const matches =
    isDeepStrictEqual(claims.fields, leafPointers(input.body)) &&
    claims.digest === receiptDigest(input.receiptSalt, input.body);
  return matches ? claims : undefined;
}

async function signedClaims(
  receipt: string,
  jwks: JSONWebKeySet,
): Promise<ReceiptClaims | undefined> {
  try {
    const keys = createLocalJWKSet(jwks);
    const verified = await compactVerify(receipt, keys, { algorithms: ['EdDSA'] });
    if (verified.protectedHeader.typ !== receiptType) return undefined;
    return JSON.parse(Buffer.from(verified.payload).toString('utf8')) as ReceiptClaims;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
