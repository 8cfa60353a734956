import { Secret } from '../domain/secret.ts';
import { type Binding, decodeBound, encodeBound } from './bound.ts';
import { deriveFromLink } from './link-derivation.ts';
import { linkSealPublicKey } from './link-secret.ts';
import { openBox } from './open-box.ts';
import { sealBox } from './seal-box.ts';

interface ReceiptBox {
  readonly linkSecret: Secret<Buffer>;
  /** Of the appointment that was erased. */
  readonly binding: Pick<Binding, 'organisationId' | 'appointmentId'>;
}

/**
 * Seals the receipt of an erasure to the link that it was asked for with. It says how many passkeys went too,
 * and no row may tell of an appointment whether its person had some.
 */
export function sealErasureReceipt({
  linkSecret,
  binding,
  receipt,
}: ReceiptBox & { receipt: string }): Buffer {
  const bound = encodeBound('erasure_receipt', binding, Buffer.from(receipt));
  return sealBox(linkSealPublicKey(linkSecret), bound);
}

/** @throws {SealError} `cannot_open` or `seal_mismatch` */
export function openErasureReceipt({
  linkSecret,
  binding,
  sealed,
}: ReceiptBox & { sealed: Buffer }): string {
  const bound = openBox(new Secret(deriveFromLink(linkSecret, 'seal')), sealed);
  return decodeBound('erasure_receipt', binding, bound).toString('utf8');
}
