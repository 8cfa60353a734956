import type { KeyStore } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { createReceipts, type Receipts } from './receipt.ts';

export interface RenewedReceipts extends Receipts {
  renew(): Promise<void>;
}

/**
 * Receipts under the keys that are in the store now. Every key that was ever published is served, one that
 * signs only later as well.
 *
 * @throws {KeyStoreError} for keys that cannot be read
 */
export async function createRenewedReceipts(
  keys: Pick<KeyStore, 'ensureReceiptKey' | 'receiptKeys' | 'publishedReceiptKeys'>,
): Promise<RenewedReceipts> {
  const read = async (held: ReturnType<KeyStore['receiptKeys']>) => {
    const key = (await held).at(-1);
    if (!key) throw new KeyStoreError(['api/receipt: holds no numbered key']);
    return createReceipts({ key, published: await keys.publishedReceiptKeys() });
  };
  let receipts = await read(keys.ensureReceiptKey());
  return {
    sign: (input) => receipts.sign(input),
    jwks: () => receipts.jwks(),
    async renew() {
      receipts = await read(keys.receiptKeys());
    },
  };
}
