import { randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import { type Binding, encodeBound } from './bound.ts';
import { sealBox } from './seal-box.ts';

/** Whose secret it is; the endpoint and the secret take the places of an appointment and a reminder. */
export interface WebhookSecretOwner {
  readonly organisationId: string;
  readonly endpointId: string;
  readonly secretId: string;
}

const secretBytes = 32;
/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const prefix = 'whsec_';

/** A new secret to sign deliveries with, as the receiver is told it. */
export function newWebhookSecret(): Secret<string> {
  return new Secret(prefix + randomBytes(secretBytes).toString('base64'));
}

/**
 * Seals a secret to the key of the process that delivers, so that nobody else can sign with it.
 *
 * @throws {SealError} `cannot_seal`
 */
export function sealWebhookSecret(input: {
  publicKey: Buffer;
  owner: WebhookSecretOwner;
  secret: Secret<string>;
}): Buffer {
  const bytes = Buffer.from(input.secret.reveal().slice(prefix.length), 'base64');
  return sealBox(
    input.publicKey,
    encodeBound('webhook_secret', webhookBinding(input.owner), bytes),
  );
}

export function webhookBinding(owner: WebhookSecretOwner): Binding {
  const { organisationId, endpointId, secretId } = owner;
  return { organisationId, appointmentId: endpointId, reminderId: secretId };
}
