import type { KeyStore } from './key-store.ts';
import { createReceipts, type Receipts } from './receipt.ts';
import { createRenewed } from './renewed.ts';

export interface RenewedReceipts extends Receipts {
  /** Nothing can be signed: ask before anything is done that a receipt is owed for. */
  isGivenUp(): boolean;
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
    return key && createReceipts({ key, published: await keys.publishedReceiptKeys() });
  };
  const receipts = createRenewed(await read(keys.ensureReceiptKey()), () =>
    read(keys.receiptKeys()),
  );
  return {
    ...receipts,
    sign: async (input) => receipts.current().sign(input),
    jwks: () => receipts.current().jwks(),
  };
}
