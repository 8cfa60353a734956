import type { KeyStore } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { createReceipts, type Receipts } from './receipt.ts';
import { createRenewed } from './renewed.ts';

export interface RenewedReceipts extends Receipts {
  /** Nothing can be signed: ask before anything is done that a receipt is owed for. */
  isGivenUp(): boolean;
  renew(): Promise<void>;
}

/**
 * Receipts under the keys that are in the store now. Every key that was ever published is served, one that
 * signs only later as well, and one whose private half is gone.
 *
 * @throws {KeyStoreError} for keys that cannot be read
 */
export async function createRenewedReceipts(
  keys: Pick<KeyStore, 'ensureReceiptKey' | 'receiptKeys' | 'publishedReceiptKeys'>,
): Promise<RenewedReceipts> {
  const read = async (held: ReturnType<KeyStore['receiptKeys']>) => {
    const key = (await held).at(-1);
    const published = await keys.publishedReceiptKeys();
    return key ? createReceipts({ key, published }) : { jwks: () => ({ keys: [...published] }) };
  };
  const receipts = createRenewed<Pick<Receipts, 'jwks'> & Partial<Receipts>>(
    await read(keys.ensureReceiptKey()),
    () => read(keys.receiptKeys()),
  );
  return {
    renew: receipts.renew,
    isGivenUp: () => receipts.isGivenUp() || !receipts.current().sign,
    async sign(input) {
      const { sign } = receipts.current();
      if (!sign) throw new KeyStoreError(['api/receipt: holds no numbered key']);
      return sign(input);
    },
    jwks: () => receipts.current().jwks(),
  };
}
