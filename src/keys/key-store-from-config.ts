import type { Config } from '../../config/env.ts';
import type { Log } from '../telemetry/log.ts';
import { checkKeyStore } from './check-key-store.ts';
import { checkVault, checkVaultToken } from './check-vault.ts';
import { keyStoreFolder } from './file-key-store.ts';
import { folderKeyStore } from './folder-key-store.ts';
import { keptBriefly } from './kept-briefly.ts';
import { keyFolder } from './key-files.ts';
import type { KeyFolder } from './key-folder.ts';
import type { KeyRole } from './key-places.ts';
import type { KeyStore } from './key-store.ts';
import { rememberingFolder } from './remembering-folder.ts';
import { isVaultSetting, type VaultAddress, vaultAddress } from './vault-address.ts';
import { type VaultClient, vaultClient } from './vault-client.ts';
import { vaultKeyFolder } from './vault-key-folder.ts';
import { type VaultLine, vaultLine } from './vault-state.ts';

/** The settings that say where keys lie. */
export type KeyStoreSettings = Pick<Config, 'KEYSTORE' | 'KEYSTORE_TOKEN' | 'KEYSTORE_TOKEN_FILE'>;

/** However often `/readyz` is asked, Vault is asked no more often than this. */
const lineKeptMs = 10_000;

/** The key store that KEYSTORE names. */
export function keyStoreFromConfig(settings: KeyStoreSettings): KeyStore {
  return folderKeyStore(keyFolderFromConfig(settings));
}

/**
 * The key store of a role, its keys looked at first. A key that is lost later is told of once, by no name: the
 * doctor says which.
 *
 * @throws {KeyStoreError} with every problem found, one line each
 */
export async function checkedKeyStore(
  settings: KeyStoreSettings,
  role: KeyRole,
  log?: Pick<Log, 'warn'>,
): Promise<KeyStore> {
  const vault = vaultFromConfig(settings);
  if (vault) await checkVault(vault, role);
  else await checkKeyStore(keyStoreFolder(settings.KEYSTORE), role);
  const told = new Set<string>();
  const onLost = (path: string) => {
    if (!told.has(path)) log?.warn('a key is deleted in Vault, but not gone');
    told.add(path);
  };
  return folderKeyStore(keyFolderFromConfig(settings, onLost));
}

/**
 * For a role that reads no keys.
 *
 * @throws {KeyStoreError} for a token that could read or change some
 */
export async function checkNoKeys(settings: KeyStoreSettings, role: KeyRole): Promise<void> {
  const vault = vaultFromConfig(settings);
  if (vault) await checkVaultToken(vault, role);
}

/** What holds the keys. */
export function keyFolderFromConfig(
  settings: KeyStoreSettings,
  onLost?: (path: string) => void,
): KeyFolder {
  const vault = vaultFromConfig(settings);
  if (!vault) return keyFolder(keyStoreFolder(settings.KEYSTORE));
  return rememberingFolder(vaultKeyFolder(vault.client, vault.address, onLost));
}

/** What `/readyz` asks for a line about Vault, soon given up and kept for a while; undefined where keys are files. */
export function vaultLineFromConfig(
  settings: KeyStoreSettings,
  role: KeyRole,
): (() => Promise<VaultLine>) | undefined {
  const vault = vaultFromConfig(settings, { timeoutMs: 500 });
  return vault && keptBriefly(() => vaultLine(vault, role), lineKeptMs);
}

/** @returns undefined where keys are files */
export function vaultFromConfig(
  { KEYSTORE, KEYSTORE_TOKEN: token, KEYSTORE_TOKEN_FILE: file }: KeyStoreSettings,
  options: { timeoutMs?: number } = {},
): { client: VaultClient; address: VaultAddress } | undefined {
  if (!isVaultSetting(KEYSTORE)) return undefined;
  const address = vaultAddress(KEYSTORE);
  const source = token ? { token } : { file: file ?? '' };
  const client = vaultClient({ origin: address.origin, token: source, ...options });
  return { client, address };
}
