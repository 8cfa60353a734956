import type { Config } from '../../config/env.ts';
import { fileKeyStore, keyStoreFolder } from './file-key-store.ts';
import type { KeyStore } from './key-store.ts';

/** The key store that KEYSTORE names. */
export function openKeyStore({ KEYSTORE }: Pick<Config, 'KEYSTORE'>): KeyStore {
  return fileKeyStore(keyStoreFolder(KEYSTORE));
}
