import type { Secret } from '../domain/secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { openWebhookSecret } from '../keys/open-webhook-secret.ts';
import { SealError } from '../keys/seal-error.ts';
import type { SealedSecret } from '../store/webhook-endpoints.ts';

/**
 * Opens what deliveries to an endpoint, or questions of a check, are signed with.
 *
 * @param input.id of the endpoint or the check
 * @param input.sealed those that are live, newest first
 * @returns none where the newest was sealed to a key that is gone, or not for this one
 */
export async function openLiveSecrets(
  { keys }: { keys: Pick<KeyStore, 'webhookKeys'> },
  input: { id: string; organisationId: string; sealed: readonly SealedSecret[] },
): Promise<readonly Secret<Buffer>[]> {
  const privateKeys = await keys.webhookKeys();
  const [newest, ...older] = input.sealed.map(({ id: secretId, keyNumber, sealed }) => {
    const privateKey = privateKeys.find(({ id }) => id === keyNumber)?.key;
    const owner = { organisationId: input.organisationId, endpointId: input.id, secretId };
    return privateKey && openOrNothing({ privateKey, owner, sealed });
  });
  // One that is on its way out must not keep its successor from being used.
  return newest ? [newest, ...older.filter((secret) => secret !== undefined)] : [];
}

function openOrNothing(input: Parameters<typeof openWebhookSecret>[0]) {
  try {
    return openWebhookSecret(input);
  } catch (error) {
    if (error instanceof SealError) return undefined;
    throw error;
  }
}
