import type { Config } from '../../config/env.ts';
import { isCallbackSecret } from '../keys/callback-secret.ts';
import { type KeyStoreSettings, keyStoreFromConfig } from '../keys/key-store-from-config.ts';

/**
 * A judge of whether an address is one where the api takes what people answer, under any of its keys.
 *
 * @returns undefined without the callback key: to look for it in the store would make one
 */
export async function isInboundAddress(
  config: KeyStoreSettings & Pick<Config, 'CALLBACK_URL'>,
): Promise<((url: URL) => boolean) | undefined> {
  const store = keyStoreFromConfig(config);
  const keys = await store
    .keptKeys('callback')
    .then((kept) => (kept.length > 0 ? store.symmetricKeys('callback') : undefined))
    .catch(() => undefined);
  if (!keys) return undefined;
  const beginning = '/callbacks/twilio/inbound/';
  return ({ origin, pathname }) =>
    origin === config.CALLBACK_URL &&
    pathname.startsWith(beginning) &&
    isCallbackSecret(keys, 'inbound', pathname.slice(beginning.length));
}
