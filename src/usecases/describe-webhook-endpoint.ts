import type { StoredEndpoint, StoredFailure } from '../store/webhook-endpoints.ts';
import { writeCursor } from './event-cursor.ts';

/** An endpoint, as told to keys with scope `webhooks`. Times are RFC 3339 in UTC. */
export interface WebhookEndpointAnswer {
  readonly id: string;
  readonly url: string;
  readonly enabled: boolean;
  readonly createdAt: string;
  /** Cursor behind the last event that arrived; where `GET /v1/events` and a replay go on from. */
  readonly position: string;
  readonly deliveredAt: string | null;
  readonly disabled: { readonly reason: string; readonly at: string } | null;
  /** While an event does not arrive. */
  readonly failing: {
    readonly since: string;
    readonly tries: number;
    readonly nextTryAt: string | null;
  } | null;
  readonly test: {
    readonly id: string;
    readonly requestedAt: string;
    readonly endedAt: string | null;
    readonly result: string | null;
    readonly status: number | null;
  } | null;
  readonly oldSecretEndsAt: string | null;
}

export interface WebhookFailureAnswer {
  readonly eventId: string;
  readonly type: string;
  readonly attempt: number;
  readonly at: string;
  readonly code: string;
  readonly status: number | null;
}

export function describeWebhookEndpoint(endpoint: StoredEndpoint): WebhookEndpointAnswer {
  const { disabledAt, disabledReason, failingSince, test } = endpoint;
  return {
    id: endpoint.id,
    url: endpoint.url.reveal(),
    enabled: disabledAt === null,
    createdAt: endpoint.createdAt.toISOString(),
    position: writeCursor(endpoint.position),
    deliveredAt: toText(endpoint.deliveredAt),
    disabled:
      disabledAt && disabledReason
        ? { reason: disabledReason, at: disabledAt.toISOString() }
        : null,
    failing: failingSince && {
      since: failingSince.toISOString(),
      tries: endpoint.failedCount,
      nextTryAt: disabledAt ? null : endpoint.dueAt.toISOString(),
    },
    test: test && {
      id: test.id,
      requestedAt: test.requestedAt.toISOString(),
      endedAt: toText(test.endedAt),
      result: test.code,
      status: test.status,
    },
    oldSecretEndsAt: toText(endpoint.oldSecretEndsAt),
  };
}

export function describeWebhookFailure(failure: StoredFailure): WebhookFailureAnswer {
  return { ...failure, at: failure.at.toISOString() };
}

function toText(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
