import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import type { Owner } from '../store/appointment-reads.ts';
import { insertAudit } from '../store/audit.ts';
import type { Connection } from '../store/database.ts';
import type { EventPosition } from '../store/event-position.ts';
import { firstPosition, isBehindKept, isFirst, readStartOfKept } from '../store/kept-events.ts';
import {
  changeEndpoint,
  deleteEndpoint,
  type EndpointKey,
  insertSecret,
  listEndpoints,
  lockEndpoint,
  type StoredEndpoint,
} from '../store/webhook-endpoints.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';
import { makeWebhookSecret, type WebhookDeps } from './create-webhook-endpoint.ts';
import {
  describeWebhookEndpoint,
  type WebhookEndpointAnswer,
} from './describe-webhook-endpoint.ts';
import { readCursor } from './event-cursor.ts';

/** Which endpoint, and the credential that the audit names. */
export interface WebhookChangeInput extends EndpointKey {
  readonly credentialId: string;
}

/**
 * Changes the address, or whether anything is sent; what is not named stays. Enabled again, it goes on
 * where it stopped.
 *
 * @throws {AppError} `invalid_request`, `not_found`; `cursor_too_old` where it would leave out events that
 *   are kept no longer
 */
export async function changeWebhookEndpoint(
  deps: WebhookDeps,
  input: WebhookChangeInput & { url?: string | undefined; enabled?: boolean | undefined },
): Promise<WebhookEndpointAnswer> {
  const { url, enabled } = input;
  if (url !== undefined) checkWebhookUrl(url, { ...input, isSandbox: deps.isSandbox });
  return inAudit(deps, input, 'webhook.change', async (connection, { position }) => {
    if (enabled) await refuseGone(connection, { ...input, position });
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
 * @throws {AppError} `invalid_request` at `/after`, `not_found`, `cursor_too_old`
 */
export async function replayWebhookEvents(
  deps: Pick<WebhookDeps, 'database'>,
  { after, ...input }: WebhookChangeInput & { after: string | null },
): Promise<WebhookEndpointAnswer> {
  const asked = after === null ? firstPosition : readCursor(after);
  return inAudit(deps, input, 'webhook.replay', async (connection) => {
    await refuseGone(connection, { ...input, position: asked });
    const { transactionId, id } = isFirst(asked) ? await readStartOfKept(connection, input) : asked;
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

/**
 * Deletes an endpoint, for good: the journal has it, so that no restored backup pushes to it again.
 *
 * @throws {AppError} `not_found`
 */
export async function deleteWebhookEndpoint(
  { database, journal }: Pick<WebhookDeps, 'database' | 'journal'>,
  input: WebhookChangeInput,
): Promise<void> {
  const { organisationId, endpointId } = input;
  await database.transaction([organisationId], async (connection) => {
    if (!(await deleteEndpoint(connection, input))) throw new AppError('not_found');
    await audit(connection, input, 'webhook.delete');
    await journal.append({ kind: 'endpoint_deletion', endpointId });
  });
}

async function refuseGone(
  connection: Connection,
  input: Owner & { position: EventPosition },
): Promise<void> {
  if (await isBehindKept(connection, input)) throw new AppError('cursor_too_old');
}

/** Changes an endpoint that nobody else changes meanwhile, with a line in the audit; tells how it stands then. */
async function inAudit(
  { database }: Pick<WebhookDeps, 'database'>,
  input: WebhookChangeInput,
  action: string,
  change: (connection: Connection, found: StoredEndpoint) => Promise<void>,
): Promise<WebhookEndpointAnswer> {
  return database.transaction([input.organisationId], async (connection) => {
    const found = await lockEndpoint(connection, input);
    if (!found) throw new AppError('not_found');
    await change(connection, found);
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
