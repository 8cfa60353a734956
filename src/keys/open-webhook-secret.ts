import { Secret } from '../domain/secret.ts';
import { decodeBound } from './bound.ts';
import { openBox } from './open-box.ts';
import { type WebhookSecretOwner, webhookBinding } from './webhook-secret.ts';

/**
 * Opens a secret that deliveries are signed with; for the scheduler alone.
 *
 * @returns its bytes
 * @throws {SealError} `cannot_open` or `seal_mismatch`
 */
export function openWebhookSecret(input: {
  privateKey: Secret<Buffer>;
  owner: WebhookSecretOwner;
  sealed: Buffer;
}): Secret<Buffer> {
  const bound = openBox(input.privateKey, input.sealed);
  return new Secret(decodeBound('webhook_secret', webhookBinding(input.owner), bound));
}
