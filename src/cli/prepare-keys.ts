import type { Config } from '../../config/env.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';

/**
 * `sotto prepare-keys`: makes in KEYSTORE the first of each key that `worker` and `patient` share, where
 * there is none. Each would make one of its own otherwise: no link would open, and who stopped the
 * messages would go on getting them. Again is safe.
 *
 * @throws {KeyStoreError} for a folder that cannot be written to
 */
export async function runPrepareKeys(
  config: Config,
  { values }: { readonly values: { readonly json?: boolean | undefined } },
): Promise<number> {
  const keys = keyStoreFromConfig(config);
  await keys.ensureLinkKey();
  await keys.symmetricKeys('pepper');
  await keys.symmetricKeys('opt-out');
  console.log(
    values.json
      ? JSON.stringify({ prepared: ['link', 'pepper', 'opt-out'] })
      : 'The keys that worker and patient share are there.',
  );
  return 0;
}
