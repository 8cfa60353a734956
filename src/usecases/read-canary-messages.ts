import type { Secret } from '../domain/secret.ts';
import type { CanaryMessage } from '../keys/canary-message.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { openCanaryMessage } from '../keys/open-canary-message.ts';
import { listCanaryMessages } from '../store/canary-messages.ts';
import type { Database } from '../store/database.ts';

/** A message to the canary, by the row that it was kept in. */
export interface KeptMessage {
  readonly id: string;
  readonly message: Secret<CanaryMessage>;
}

/** What the canary was sent in the last minutes, earliest first. What cannot be opened is none. */
export async function readCanaryMessages({
  database,
  keys,
}: {
  database: Pick<Database, 'query'>;
  keys: Pick<KeyStore, 'canaryKeys'>;
}): Promise<KeptMessage[]> {
  const privateKeys = await keys.canaryKeys();
  const kept = await listCanaryMessages(database);
  return kept.flatMap(({ id, sealed }) => {
    for (const { key: privateKey } of privateKeys.toReversed()) {
      try {
        return [{ id, message: openCanaryMessage({ privateKey, id, sealed }) }];
      } catch {
        // Sealed to another key, or written by somebody who may write here and has none.
      }
    }
    return [];
  });
}
