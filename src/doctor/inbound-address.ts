import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/env.ts';
import { isCallbackSecret } from '../keys/callback-secret.ts';
import { fileKeyStore, keyStoreFolder } from '../keys/file-key-store.ts';
import { symmetricFolders } from '../keys/key-places.ts';

/**
 * A judge of whether an address is one where the api takes what people answer, under any of its keys.
 *
 * @returns undefined without the callback key: to look for it in the store would make one
 */
export async function isInboundAddress(
  config: Pick<Config, 'KEYSTORE' | 'CALLBACK_URL'>,
): Promise<((url: URL) => boolean) | undefined> {
  const folder = keyStoreFolder(config.KEYSTORE);
  const names = await readdir(join(folder, symmetricFolders.callback)).catch(() => []);
  if (!names.some((name) => /^\d+\.key$/.test(name))) return undefined;
  const keys = await fileKeyStore(folder)
    .symmetricKeys('callback')
    .catch(() => undefined);
  if (!keys) return undefined;
  const beginning = '/callbacks/twilio/inbound/';
  return ({ origin, pathname }) =>
    origin === config.CALLBACK_URL &&
    pathname.startsWith(beginning) &&
    isCallbackSecret(keys, 'inbound', pathname.slice(beginning.length));
}
