import assert from 'node:assert/strict';

/** Where keys lie in Vault: a path below a mount of its KV version 2. */
export interface VaultAddress {
  readonly origin: string;
  readonly mount: string;
  readonly path: string;
}

const scheme = 'vault:';

export function isVaultSetting(setting: string): boolean {
  return setting.startsWith(scheme);
}

/** What a KEYSTORE setting of the form `vault:https://HOST/MOUNT/PATH` names. */
export function vaultAddress(setting: string): VaultAddress {
  assert(isVaultSetting(setting), 'KEYSTORE must be vault:URL');
  const { origin, pathname } = new URL(setting.slice(scheme.length));
  const [mount = '', ...path] = pathname.split('/').filter((part) => part !== '');
  assert(mount !== '' && path.length > 0, 'KEYSTORE must name a mount and a path');
  return { origin, mount, path: path.join('/') };
}
