import { randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { newWebhookSecret, sealWebhookSecret } from '../keys/webhook-secret.ts';
import type { Owner } from '../store/appointment-reads.ts';
import { insertAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { lockOrganisation } from '../store/organisations.ts';
import {
  insertEndpoint,
  insertSecret,
  listEndpoints,
  type SealedSecret,
} from '../store/webhook-endpoints.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';
import {
  describeWebhookEndpoint,
  type WebhookEndpointAnswer,
} from './describe-webhook-endpoint.ts';

export interface WebhookDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly journal: Pick<Journal, 'append'>;
  readonly keys: Pick<KeyStore, 'webhookPublicKey'>;
  /** Nothing reaches a person: endpoints of test mode may be on this machine. */
  readonly isSandbox: boolean;
}

/**
 * Adds an endpoint that every event from now on is pushed to. Its secret is told here and never again.
 *
 * @throws {AppError} `invalid_request` for an address that nothing is sent to, or one too many;
 *   `key_missing` while the sending process has not published a key
 */
export async function createWebhookEndpoint(
  { database, keys, isSandbox }: Omit<WebhookDeps, 'journal'>,
  { credentialId, url, ...owner }: Owner & { credentialId: string; url: string },
): Promise<WebhookEndpointAnswer & { secret: string }> {
  checkWebhookUrl(url, { mode: owner.mode, isSandbox });
  const endpointId = randomUUID();
  const made = await makeWebhookSecret(keys, { ...owner, endpointId });
  return database.transaction([owner.organisationId], async (connection) => {
    // One at a time, so that the number is right.
    if (!(await lockOrganisation(connection, owner.organisationId)))
      throw new AppError('not_found');
    if ((await listEndpoints(connection, owner)).length >= limits.webhookEndpointsMax) {
      throw new AppError('invalid_request', { fields: [{ pointer: '', code: 'too_many' }] });
    }
    await insertEndpoint(connection, { ...owner, endpointId, url });
    await insertSecret(connection, { ...owner, endpointId, secret: made.sealed, overlapMs: 0 });
    await insertAudit(connection, {
      actor: `credential ${credentialId}`,
      action: 'webhook.create',
      organisationId: owner.organisationId,
      subject: endpointId,
    });
    const [endpoint] = await listEndpoints(connection, { ...owner, endpointId });
    if (!endpoint) throw new AppError('internal');
    return { ...describeWebhookEndpoint(endpoint), secret: made.secret.reveal() };
  });
}

/** @throws {AppError} `key_missing` */
export async function makeWebhookSecret(
  keys: WebhookDeps['keys'],
  { organisationId, endpointId }: { organisationId: string; endpointId: string },
): Promise<{ secret: Secret<string>; sealed: SealedSecret }> {
  const published = await keys.webhookPublicKey();
  if (!published) throw new AppError('key_missing', { retryAfterS: 5 });
  const secret = newWebhookSecret();
  const id = randomUUID();
  const owner = { organisationId, endpointId, secretId: id };
  const sealed = sealWebhookSecret({ publicKey: published.key, owner, secret });
  return { secret, sealed: { id, keyNumber: published.number, sealed } };
}
