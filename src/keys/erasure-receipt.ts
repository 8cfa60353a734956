import { CompactSign, decodeJwt } from 'jose';
import type { Mode } from '../domain/channel.ts';
import type { NumberedKey } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { receiptJwk, receiptPrivateKey } from './receipt-key.ts';

const erasureReceiptType = 'sotto-erasure+jwt';

/** Our word that what was sealed of an appointment is gone from the database. Ids and a time. */
export interface ErasureClaims {
  readonly iss: string;
  /** When it was erased, in seconds since 1970 (RFC 7519, 2). */
  readonly iat: number;
  readonly organisation: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly appointment: string;
  /** Who asked for it. */
  readonly by: 'recipient' | 'booking_system';
  /** How many passkeys of the recipient went with it; absent for none. */
  readonly passkeys?: number;
}

export type SignErasure = (claims: ErasureClaims) => Promise<string>;

/**
 * Signs receipts of erasures, with the newest key at that moment of the role that saw the erasure commit.
 *
 * @throws {KeyStoreError} for keys that cannot be read
 * @see RFC 7515 (JWS), RFC 8037 (EdDSA in JOSE)
 */
export function createErasureReceipts(keysOf: () => Promise<readonly NumberedKey[]>): SignErasure {
  return async (claims) => {
    const newest = (await keysOf()).at(-1);
    if (!newest) throw new KeyStoreError(['no key to sign receipts of erasures with']);
    const bytes = newest.key.reveal();
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', typ: erasureReceiptType, kid: receiptJwk(bytes).kid })
      .sign(receiptPrivateKey(bytes).toCryptoKey('Ed25519', false, ['sign']));
  };
}

/** How many passkeys a receipt of ours says went too. */
export function passkeysInErasure(receipt: string): number {
  return decodeJwt<ErasureClaims>(receipt).passkeys ?? 0;
}
