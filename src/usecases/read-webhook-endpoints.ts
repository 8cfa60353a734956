import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Owner } from '../store/appointment-reads.ts';
import type { Database } from '../store/database.ts';
import { type EndpointKey, listEndpoints, listFailures } from '../store/webhook-endpoints.ts';
import {
  describeWebhookEndpoint,
  describeWebhookFailure,
  type WebhookEndpointAnswer,
  type WebhookFailureAnswer,
} from './describe-webhook-endpoint.ts';

interface ReadDeps {
  readonly database: Pick<Database, 'transaction'>;
}

/** Every endpoint of an organisation and mode, in the order in which they were made. */
export async function listWebhookEndpoints(
  { database }: ReadDeps,
  owner: Owner,
): Promise<{ endpoints: WebhookEndpointAnswer[] }> {
  return database.transaction([owner.organisationId], async (connection) => ({
    endpoints: (await listEndpoints(connection, owner)).map(describeWebhookEndpoint),
  }));
}

/** @throws {AppError} `not_found` */
export async function readWebhookEndpoint(
  { database }: ReadDeps,
  input: EndpointKey,
): Promise<WebhookEndpointAnswer> {
  return database.transaction([input.organisationId], async (connection) => {
    const [endpoint] = await listEndpoints(connection, input);
    if (!endpoint) throw new AppError('not_found');
    return describeWebhookEndpoint(endpoint);
  });
}

/**
 * Deliveries of the last weeks that did not arrive, newest first.
 *
 * @throws {AppError} `not_found`
 */
export async function listWebhookFailures(
  { database }: ReadDeps,
  { limit = limits.pageSizeDefault, ...input }: EndpointKey & { limit?: number | undefined },
): Promise<{ failures: WebhookFailureAnswer[] }> {
  return database.transaction([input.organisationId], async (connection) => {
    const [endpoint] = await listEndpoints(connection, input);
    if (!endpoint) throw new AppError('not_found');
    const found = await listFailures(connection, { endpointId: input.endpointId, limit });
    return { failures: found.map(describeWebhookFailure) };
  });
}
