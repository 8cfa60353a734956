import { Secret } from '../domain/secret.ts';
import { decodeBound } from './bound.ts';
import type { ErasureReceiptBox } from './erasure-receipt-box.ts';
import { deriveFromLink } from './link-derivation.ts';
import { openBox } from './open-box.ts';

/**
 * Opens the receipt of an erasure, with the secret of the link that it was asked for with; for the patient
 * role alone.
 *
 * @throws {SealError} `cannot_open` or `seal_mismatch`
 */
export function openErasureReceipt({
  linkSecret,
  binding,
  sealed,
}: ErasureReceiptBox & { sealed: Buffer }): string {
  const bound = openBox(new Secret(deriveFromLink(linkSecret, 'seal')), sealed);
  return decodeBound('erasure_receipt', binding, bound).toString('utf8');
}
