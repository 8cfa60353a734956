import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { sealCanaryMessage } from '../keys/canary-message.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { insertCanaryMessage } from '../store/canary-messages.ts';
import type { Database } from '../store/database.ts';
import type { OutgoingMessage } from '../transport/transport.ts';

/**
 * Keeps what was handed over to the canary, so that the scheduler and nobody else can read it.
 *
 * @throws {AppError} `key_missing` before the scheduler has made its key; `unavailable`
 */
export async function keepCanaryMessage(
  {
    database,
    keys,
  }: {
    database: Pick<Database, 'query'>;
    keys: Pick<KeyStore, 'canaryPublicKey'>;
  },
  { channel, to, text }: OutgoingMessage,
): Promise<void> {
  const published = await keys.canaryPublicKey();
  if (!published) throw new AppError('key_missing');
  const id = randomUUID();
  const message = new Secret({ channel, to: to.reveal(), text: text.reveal() });
  const sealed = sealCanaryMessage({ publicKey: published.key, id, message });
  await insertCanaryMessage(database, { id, sealed });
}
