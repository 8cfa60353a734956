import type { Secret } from '../domain/secret.ts';
import { type Binding, encodeBound } from './bound.ts';
import { linkSealPublicKey } from './link-secret.ts';
import { sealBox } from './seal-box.ts';

/** Where the receipt of an erasure lies. */
export interface ErasureReceiptBox {
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
}: ErasureReceiptBox & { receipt: string }): Buffer {
  const bound = encodeBound('erasure_receipt', binding, Buffer.from(receipt));
  return sealBox(linkSealPublicKey(linkSecret), bound);
}
