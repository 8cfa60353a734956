import { existsSync } from 'node:fs';
import type { Config } from '../../config/env.ts';
import { fileKeyStore } from '../keys/file-key-store.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { isVaultSetting } from '../keys/vault-address.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';

/** The store of KEYSTORE, and the one that --also names. */
export function keyStoresOf(
  config: Config,
  { also }: { readonly also?: string | undefined },
): [KeyStore, ...KeyStore[]] {
  if (also === undefined) return [keyStoreFromConfig(config)];
  if (isVaultSetting(config.KEYSTORE)) {
    throw new CommandError('In Vault both roles read the same keys: leave --also out.');
  }
  // It would be made, and get copies of the keys, where nobody looks for them.
  if (!existsSync(also)) throw new CommandError('There is no such folder as --also names.');
  return [keyStoreFromConfig(config), fileKeyStore(also)];
}

/** Says in the audit what becomes of a key. */
export async function auditKey(
  config: Config,
  entry: { action: string; subject: string; reason: string | undefined },
): Promise<void> {
  await administer(adminUrlOf(config), (connection) => recordAdministration(connection, entry));
}
