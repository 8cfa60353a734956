import type { KeyStore } from './key-store.ts';
import { createLinkTokens, type LinkKey, type LinkTokens } from './link-token.ts';
import { createRenewed, type Renewed } from './renewed.ts';

/**
 * Link tokens under the keys that are in the store now: a new selector is known, and a removed one dead, in
 * seconds.
 *
 * @param usable which of the keys may be used, where that is not for the store alone to say
 * @throws {KeyStoreError} for keys that cannot be read
 */
export async function createRenewedLinkTokens({
  keys,
  audience,
  usable = async (held) => held,
}: {
  keys: Pick<KeyStore, 'ensureLinkKey' | 'linkKeys'>;
  audience: string;
  usable?: (held: readonly LinkKey[]) => Promise<readonly LinkKey[]>;
}): Promise<Renewed<LinkTokens>> {
  const made = async (held: ReturnType<KeyStore['linkKeys']>) => {
    const left = await usable(await held);
    return left.length > 0 ? createLinkTokens({ keys: left, audience }) : undefined;
  };
  return createRenewed(await made(keys.ensureLinkKey()), () => made(keys.linkKeys()));
}
