import assert from 'node:assert/strict';
import { folderKeyStore, type KeyStoreOptions } from './folder-key-store.ts';
import { keyFolder } from './key-files.ts';
import type { KeyStore } from './key-store.ts';

/** The folder that a KEYSTORE setting of the form `file:DIR` names. */
export function keyStoreFolder(setting: string): string {
  assert(setting.startsWith('file:'), 'KEYSTORE must be file:DIR');
  return setting.slice('file:'.length);
}

/** Keys as files under a folder: private ones for their owner alone, public ones for every role. */
export function fileKeyStore(directory: string, options?: KeyStoreOptions): KeyStore {
  return folderKeyStore(keyFolder(directory), options);
}
