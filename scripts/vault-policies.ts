/**
 * Makes the policies of `deploy/vault` from the places of keys:
 *
 *     node scripts/vault-policies.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type VaultHolder, vaultHolders, vaultPolicy } from '../src/keys/vault-policies.ts';

export const policiesFolder = join(import.meta.dirname, '..', 'deploy', 'vault');

/** What each holder is for, and where the keys lie that it is for. */
export function policyFile(holder: VaultHolder): string {
  return `# Keys of Sotto in Vault, for ${whose[holder]}. Made by scripts/vault-policies.ts for
# KEYSTORE=vault:https://HOST/secret/sotto: with another mount or path, change both words everywhere.
${vaultPolicy(holder, { mount: 'secret', path: 'sotto' })}`;
}

const whose: Record<VaultHolder, string> = {
  api: 'the role api',
  patient: 'the role patient',
  worker: 'the role worker',
  scheduler: 'the role scheduler',
  ops: 'the role ops and for sotto doctor',
  keys: 'who runs sotto keys and sotto prepare-keys: a token for an hour',
  'command-line': 'who runs the other commands of sotto',
};

if (import.meta.main) {
  mkdirSync(policiesFolder, { recursive: true });
  for (const holder of vaultHolders) {
    writeFileSync(join(policiesFolder, `${holder}.hcl`), policyFile(holder));
  }
}
