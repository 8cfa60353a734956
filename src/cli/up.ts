import { type Config, ConfigError } from '../../config/env.ts';
import { keptDays } from '../../config/kept-days.ts';
import { checkKeyStore } from '../keys/check-key-store.ts';
import { keyStoreFolder } from '../keys/file-key-store.ts';
import { isVaultSetting } from '../keys/vault-address.ts';
import { createRoleLogins } from '../store/role-logins.ts';
import { up } from '../supervisor/up.ts';
import { migrateAll } from './admin.ts';
import { setUpDemo } from './demo.ts';

const roleModules = [
  '../roles/api.ts',
  '../roles/patient.ts',
  '../roles/ops.ts',
  '../../workers/worker.ts',
  '../../workers/scheduler.ts',
  '../sandbox/main.ts',
].map((path) => new URL(path, import.meta.url));

/**
 * `npm start`: everything on this machine.
 *
 * Keys are looked at before anything starts. Each role does it again, but a role that cannot use its
 * keys is started over and over, while here a person is told and can mend it.
 *
 * @throws {ConfigError} for keys in Vault
 * @throws {KeyStoreError} with one line a problem
 */
export async function runUp(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  // One process starts all roles here, and would need to hold the token of each.
  if (isVaultSetting(config.KEYSTORE)) {
    throw new ConfigError(['KEYSTORE: npm start keeps keys in files; start each role by itself']);
  }
  const keyFolder = keyStoreFolder(config.KEYSTORE);
  for (const role of ['api', 'patient', 'worker'] as const) await checkKeyStore(keyFolder, role);
  return up({
    config,
    env,
    steps: {
      migrate: (adminUrl) => migrateAll(adminUrl, keptDays(config)),
      roleUrls: createRoleLogins,
      demo: setUpDemo,
    },
    roleModules,
  });
}
