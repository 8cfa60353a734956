import { limits } from '../../config/limits.ts';
import { webhookRetryInMs } from '../../config/webhook-retry.ts';
import type { DeliveryOutcome } from '../domain/webhook.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { webhookHeaders } from '../keys/webhook-signature.ts';
import type { Database } from '../store/database.ts';
import type { StoredEvent } from '../store/event-reads.ts';
import { isEndpointBehindKept } from '../store/kept-events.ts';
import {
  type ClaimedEndpoint,
  readLiveSecrets,
  readOwedEvents,
  recordArrival,
  recordFailure,
  recordUndeliverable,
  releaseEndpoint,
} from '../store/webhook-deliveries.ts';
import { recordTest } from '../store/webhook-tests.ts';
import type { Log } from '../telemetry/log.ts';
import type { WebhookChannel } from '../transport/webhook-channel.ts';
import { openLiveSecrets } from './open-live-secrets.ts';
import { eventMessage, testMessage, type WebhookMessage } from './webhook-message.ts';

export interface DeliverWebhooksDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly keys: Pick<KeyStore, 'webhookKeys'>;
  openChannel(endpoint: ClaimedEndpoint): WebhookChannel;
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
  now(): Date;
  /** In [0, 1). */
  random(): number;
  readonly log: Log;
}

/** A turn: so many events at most, and none is begun after its end. */
interface Turn {
  readonly endpoint: ClaimedEndpoint;
  readonly endsAtMs: number;
  readonly stopping: AbortSignal;
  send(message: WebhookMessage): Promise<DeliveryOutcome>;
}

/**
 * Gives an endpoint its turn: a test if one is owed, then its events one after the other, in order, each
 * recorded before the next is sent. It ends with the first that does not arrive, after a while, when the
 * endpoint was changed meanwhile, and when the process is to end.
 *
 * Whatever dies in between: the cursor stands behind what is certain to have arrived, so the one that
 * was in the air is sent again, under the same id, and none after it was sent before.
 *
 * @param claimedAtMs by `nowMs`, before the endpoint was claimed: its lease is longer than the turn
 */
export async function deliverWebhooks(
  deps: DeliverWebhooksDeps,
  input: { endpoint: ClaimedEndpoint; claimedAtMs: number; stopping: AbortSignal },
): Promise<void> {
  const { endpoint, stopping } = input;
  const secrets = await openLiveSecrets(deps, {
    ...endpoint,
    sealed: await readLiveSecrets(deps.database, endpoint.id),
  });
  if (secrets.length === 0) {
    await giveUp(deps, { ...endpoint, reason: 'secret_unreadable' });
    return releaseEndpoint(deps.database, endpoint);
  }
  const channel = deps.openChannel(endpoint);
  try {
    const send = ({ id, body }: WebhookMessage) => {
      const signed = webhookHeaders({ messageId: id, at: deps.now(), body, secrets });
      return channel.post({ headers: { ...plainHeaders, ...signed }, body });
    };
    const endsAtMs = input.claimedAtMs + limits.webhookTurnMs;
    await takeTurn(deps, { endpoint, endsAtMs, stopping, send });
  } finally {
    channel.close();
  }
  await releaseEndpoint(deps.database, endpoint);
}

const plainHeaders = { 'content-type': 'application/json', 'user-agent': 'Sotto-Webhooks/1' };

async function giveUp(
  { database, log }: DeliverWebhooksDeps,
  endpoint: ClaimedEndpoint & { readonly reason: 'secret_unreadable' | 'events_gone' },
): Promise<void> {
  if (await recordUndeliverable(database, endpoint)) {
    log.error('a webhook endpoint was disabled', factsOf(endpoint, endpoint.reason));
  }
}

async function takeTurn(deps: DeliverWebhooksDeps, turn: Turn): Promise<void> {
  const { endpoint } = turn;
  const { id: endpointId, test } = endpoint;
  if (test) {
    const outcome = await turn.send(testMessage(test, { ...endpoint, endpointId }));
    await recordTest(deps.database, { ...endpoint, testId: test.id, outcome });
    return; // The events are due by themselves, and at once if it arrived.
  }
  if (endpoint.isDisabled) return;
  const limit = limits.webhookTurnEventsMax;
  const events = await readOwedEvents(deps.database, { endpointId, limit });
  // Asked after reading, so that what was dropped before is known.
  if (await isEndpointBehindKept(deps.database, endpoint)) {
    return giveUp(deps, { ...endpoint, reason: 'events_gone' });
  }
  let from = endpoint.position;
  let { failedCount } = endpoint;
  for (const event of events) {
    if (turn.stopping.aborted || deps.nowMs() >= turn.endsAtMs) return;
    const outcome = await turn.send(eventMessage(event, endpoint));
    if (!outcome.delivered) {
      return recordFault(deps, { endpoint, from, event, attempt: failedCount + 1, outcome });
    }
    const goesOn = await recordArrival(deps.database, { ...endpoint, from, to: event });
    if (!goesOn) return;
    from = event;
    failedCount = 0;
  }
}

async function recordFault(
  deps: DeliverWebhooksDeps,
  input: {
    endpoint: ClaimedEndpoint;
    from: ClaimedEndpoint['position'];
    event: StoredEvent;
    attempt: number;
    outcome: DeliveryOutcome & { delivered: false };
  },
): Promise<void> {
  const { endpoint, outcome, attempt } = input;
  const inMs = webhookRetryInMs({ failedCount: attempt, random: deps.random() });
  const reason = outcome.code === 'gone' ? 'gone' : 'failing';
  const isLast = outcome.code === 'gone' || inMs === undefined;
  const next = isLast ? ({ disabled: reason } as const) : { inMs };
  const isRecorded = await recordFailure(deps.database, { ...endpoint, ...input, next });
  if (isRecorded && isLast) {
    deps.log.error('a webhook endpoint was disabled', factsOf(endpoint, reason));
  }
}

function factsOf({ id, organisationId }: ClaimedEndpoint, reason: string) {
  return { endpointId: id, organisationId, reason };
}
