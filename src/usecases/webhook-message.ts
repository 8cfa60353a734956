import type { Mode } from '../domain/channel.ts';
import type { StoredEvent } from '../store/event-reads.ts';
import { describeEvent } from './describe-event.ts';

/** What is sent: thin, so that whoever reads it on the way, or finds it in a log, learns nothing of anyone. */
export interface WebhookMessage {
  /** The same for each try, and for no other event, also after a restore that hands out ids anew. */
  readonly id: string;
  readonly body: string;
}

interface Receiver {
  readonly organisationId: string;
  readonly mode: Mode;
}

/** An event as `GET /v1/events` tells it, in the shape of Standard Webhooks. */
export function eventMessage(event: StoredEvent, receiver: Receiver): WebhookMessage {
  const { type, at, ...facts } = describeEvent(event);
  return {
    id: `evt_${event.id}_${event.at.getTime().toString(36)}`,
    body: JSON.stringify({ type, timestamp: at, data: { ...facts, ...named(receiver) } }),
  };
}

/** What the test button sends. */
export function testMessage(
  test: { id: string; requestedAt: Date },
  { endpointId, ...receiver }: Receiver & { endpointId: string },
): WebhookMessage {
  const timestamp = test.requestedAt.toISOString();
  const data = { id: test.id, endpointId, ...named(receiver) };
  return {
    id: `test_${test.id}`,
    body: JSON.stringify({ type: 'endpoint.test', timestamp, data }),
  };
}

function named({ organisationId, mode }: Receiver): Receiver {
  return { organisationId, mode };
}
