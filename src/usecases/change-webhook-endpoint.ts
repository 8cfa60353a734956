import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { insertAudit } from '../store/audit.ts';
import type { Connection } from '../store/database.ts';
import {
  changeEndpoint,
  deleteEndpoint,
  type EndpointKey,
  insertSecret,
  listEndpoints,
} from '../store/webhook-endpoints.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';
import { makeWebhookSecret, type WebhookDeps } from './create-webhook-endpoint.ts';
import {
  describeWebhookEndpoint,
  type WebhookEndpointAnswer,
} from './describe-webhook-endpoint.ts';
import { firstPosition, readCursor } from './event-cursor.ts';

/** Which endpoint, and the credential that the audit names. */
export interface WebhookChangeInput extends EndpointKey {
  readonly credentialId: string;
}

/**
 * Changes the address, or whether anything is sent; what is not named stays. Enabled again, it goes on
 * where it stopped.
 *
 * @throws {AppError} `invalid_request`, `not_found`
 */
export async function changeWebhookEndpoint(
  deps: WebhookDeps,
  input: WebhookChangeInput & { url?: string | undefined; enabled?: boolean | undefined },
): Promise<WebhookEndpointAnswer> {
  const { url, enabled } = input;
  if (url !== undefined) checkWebhookUrl(url, { ...input, isSandbox: deps.isSandbox });
  return inAudit(deps, input, 'webhook.change', async (connection) => {
    if (url !== undefined)
      await changeEndpoint(connection, { ...input, change: 'url', value: url });
    if (enabled !== undefined) {
      await changeEndpoint(connection, { ...input, change: enabled ? 'enable' : 'disable' });
    }
  });
}

/**
 * Has the next `endpoint.test` sent to an endpoint, enabled or not. What came of it is told with the
 * endpoint; a test is not tried again.
 *
 * @throws {AppError} `not_found`
 */
export async function testWebhookEndpoint(
  deps: Pick<WebhookDeps, 'database'>,
  input: WebhookChangeInput,
): Promise<WebhookEndpointAnswer> {
  return inAudit(deps, input, 'webhook.test', async (connection) => {
    await changeEndpoint(connection, { ...input, change: 'test', value: randomUUID() });
  });
}

/**
 * Sends everything behind a cursor, again if need be, with the ids of the first time. A cursor further on
 * leaves out what lies between.
 *
 * @param input.after of `GET /v1/events`, or the `position` of an endpoint; null: all that is kept
 * @throws {AppError} `invalid_request` at `/after`, `not_found`
 */
export async function replayWebhookEvents(
  deps: Pick<WebhookDeps, 'database'>,
  { after, ...input }: WebhookChangeInput & { after: string | null },
): Promise<WebhookEndpointAnswer> {
  const { transactionId, id } = after === null ? firstPosition : readCursor(after);
  return inAudit(deps, input, 'webhook.replay', async (connection) => {
    const value = `${transactionId} ${id}`;
    await changeEndpoint(connection, { ...input, change: 'replay', value });
  });
}

/**
 * Gives an endpoint a new secret, told here and never again. Deliveries carry signatures of both until
 * the overlap is over.
 *
 * @throws {AppError} `not_found`, `key_missing`
 */
export async function rotateWebhookSecret(
  deps: WebhookDeps,
  { overlapHours, ...input }: WebhookChangeInput & { overlapHours: number },
): Promise<WebhookEndpointAnswer & { secret: string }> {
  const made = await makeWebhookSecret(deps.keys, input);
  const overlapMs = overlapHours * 60 * 60_000;
  const endpoint = await inAudit(deps, input, 'webhook.rotate', (connection) =>
    insertSecret(connection, { ...input, secret: made.sealed, overlapMs }),
  );
  return { ...endpoint, secret: made.secret.reveal() };
}

/** @throws {AppError} `not_found` */
export async function deleteWebhookEndpoint(
  { database }: Pick<WebhookDeps, 'database'>,
  input: WebhookChangeInput,
): Promise<void> {
  await database.transaction([input.organisationId], async (connection) => {
    if (!(await deleteEndpoint(connection, input))) throw new AppError('not_found');
    await audit(connection, input, 'webhook.delete');
  });
}

/** Changes an endpoint that is there, with a line in the audit, and tells how it stands then. */
async function inAudit(
  { database }: Pick<WebhookDeps, 'database'>,
  input: WebhookChangeInput,
  action: string,
  change: (connection: Connection) => Promise<void>,
): Promise<WebhookEndpointAnswer> {
  return database.transaction([input.organisationId], async (connection) => {
    const [found] = await listEndpoints(connection, input);
    if (!found) throw new AppError('not_found');
    await change(connection);
    await audit(connection, input, action);
    const [changed] = await listEndpoints(connection, input);
    if (!changed) throw new AppError('not_found');
    return describeWebhookEndpoint(changed);
  });
}

function audit(connection: Connection, input: WebhookChangeInput, action: string): Promise<void> {
  return insertAudit(connection, {
    actor: `credential ${input.credentialId}`,
    action,
    organisationId: input.organisationId,
    subject: input.endpointId,
  });
}
