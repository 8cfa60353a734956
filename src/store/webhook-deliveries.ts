import type { Mode } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';
import type { DeliveryOutcome, DisabledReason } from '../domain/webhook.ts';
import type { Connection, Database } from './database.ts';
import { tryDuty } from './duty-lock.ts';
import type { EventPosition } from './event-position.ts';
import {
  type EventRow,
  eventColumns,
  eventFrom,
  eventIsForReaders,
  type StoredEvent,
} from './event-reads.ts';
import type { SealedSecret } from './webhook-endpoints.ts';

/** An endpoint that this process alone delivers to until the lease ends. */
export interface ClaimedEndpoint {
  readonly id: string;
  readonly leaseId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly url: Secret<string>;
  readonly position: EventPosition;
  readonly failedCount: number;
  readonly isDisabled: boolean;
  /** A test that is owed. */
  readonly test: { readonly id: string; readonly requestedAt: Date } | undefined;
}

type Lease = Pick<ClaimedEndpoint, 'id' | 'leaseId'>;
/** What was told by one address says nothing about the one that the endpoint has since. */
export type LeaseOfAddress = Lease & Pick<ClaimedEndpoint, 'url'>;

/** A row that waits a moment for the api; longer, and the delivery is repeated. */
export const lockTimeoutMs = 2_000;

/** In the order of reading, behind a position of the endpoint that is called `e`. */
const nextEvents = (columns: string) => `select ${columns} from events
  where events.organisation_id = e.organisation_id and events.mode = e.mode
    and (transaction_id, id) > (e.after_transaction, e.after_id) and ${eventIsForReaders}`;

/**
 * Takes endpoints that something is owed to now, those that have waited longest for their turn first.
 * Nobody waits: what another process has in hand is passed over.
 */
export async function claimEndpoints(
  database: Pick<Database, 'transaction'>,
  { countMax, leaseMs }: { countMax: number; leaseMs: number },
): Promise<ClaimedEndpoint[]> {
  return database.transaction([], async (connection) => {
    if (!(await tryDuty(connection, 'webhooks'))) return [];
    const { rows } = await connection.query({
      name: 'claim webhook endpoints',
      text: `with due as materialized (
          select e.id from webhook_endpoints e
          where (e.lease_until is null or e.lease_until < clock_timestamp())
            and ((e.test_id is not null and e.test_ended_at is null)
              or (e.disabled_at is null and e.due_at <= clock_timestamp()
                and exists (${nextEvents('')})))
          order by e.taken_at nulls first limit $1 for update of e skip locked)
        update webhook_endpoints e set lease_id = gen_random_uuid(), taken_at = clock_timestamp(),
          lease_until = clock_timestamp() + $2 * interval '1 millisecond'
        from due where e.id = due.id
        returning e.id, e.lease_id, e.organisation_id, e.mode, e.url, e.failed_count,
          e.after_transaction::text, e.after_id::text, e.disabled_at is not null as is_disabled,
          case when e.test_ended_at is null then e.test_id end as test_id, e.test_requested_at`,
      values: [countMax, leaseMs],
    });
    return rows.map((row) => ({
      id: row.id,
      leaseId: row.lease_id,
      organisationId: row.organisation_id,
      mode: row.mode,
      url: new Secret(row.url),
      position: { transactionId: row.after_transaction, id: row.after_id },
      failedCount: row.failed_count,
      isDisabled: row.is_disabled,
      test: row.test_id ? { id: row.test_id, requestedAt: row.test_requested_at } : undefined,
    }));
  });
}

/** The live secrets of an endpoint, newest first. */
export async function readLiveSecrets(
  database: Pick<Database, 'query'>,
  endpointId: string,
): Promise<SealedSecret[]> {
  return database.query<SealedSecret & Record<string, unknown>>(
    `select id, key_number as "keyNumber", sealed from webhook_secrets
     where endpoint_id = $1 and (expires_at is null or expires_at > clock_timestamp())
     order by expires_at desc nulls first`,
    [endpointId],
  );
}

/** What comes next for an endpoint, from where it stands now. */
export async function readOwedEvents(
  database: Pick<Database, 'query'>,
  { endpointId, limit }: { endpointId: string; limit: number },
): Promise<StoredEvent[]> {
  const rows = await database.query<EventRow & Record<string, unknown>>(
    `select owed.* from webhook_endpoints e cross join lateral (
       ${nextEvents(eventColumns)} order by events.transaction_id, events.id limit $2) owed
     where e.id = $1 and e.disabled_at is null`,
    [endpointId, limit],
  );
  return rows.map(eventFrom);
}

/**
 * Records that an event arrived.
 *
 * @returns false where nothing more is to be sent in this turn: the endpoint was disabled meanwhile; or it
 *   is no longer ours, was moved to another address, or was sent back or ahead, and then what was
 *   delivered counts as a repetition
 */
export async function recordArrival(
  database: Pick<Database, 'transaction'>,
  { id, leaseId, url, from, to }: LeaseOfAddress & { from: EventPosition; to: EventPosition },
): Promise<boolean> {
  const record = async (connection: Connection) => {
    const { rows } = await connection.query<{ goes_on: boolean }>({
      name: 'record webhook arrival',
      text: `update webhook_endpoints set after_transaction = $5::xid8, after_id = $6::bigint,
          delivered_at = clock_timestamp(), failed_count = 0, failing_since = null
        where id = $1 and lease_id = $2 and after_transaction = $3::xid8 and after_id = $4::bigint
          and url = $7
        returning disabled_at is null as goes_on`,
      values: [id, leaseId, from.transactionId, from.id, to.transactionId, to.id, url.reveal()],
    });
    return rows[0]?.goes_on === true;
  };
  return database.transaction([], record, { lockTimeoutMs });
}

/**
 * Records that an event did not arrive, and ends the lease: it is tried again later or, without a later
 * time, the endpoint is disabled, which an event tells.
 *
 * @returns false where the endpoint is no longer ours, was changed or disabled meanwhile
 */
export async function recordFailure(
  database: Pick<Database, 'transaction'>,
  input: LeaseOfAddress & {
    from: EventPosition;
    event: StoredEvent;
    attempt: number;
    outcome: DeliveryOutcome & { delivered: false };
    next: { readonly inMs: number } | { readonly disabled: DisabledReason };
  },
): Promise<boolean> {
  const { id, leaseId, url, from, event, attempt, outcome, next } = input;
  const record = async (connection: Connection) => {
    const { rows } = await connection.query<{ organisation_id: string; mode: Mode }>({
      name: 'record webhook failure',
      text: `update webhook_endpoints set lease_id = null, lease_until = null, failed_count = $5::integer,
          failing_since = coalesce(failing_since, clock_timestamp()),
          due_at = clock_timestamp() + $6::float8 * interval '1 millisecond',
          disabled_reason = $7::text, disabled_at = case when $7::text is not null then clock_timestamp() end
        where id = $1 and lease_id = $2 and after_transaction = $3::xid8 and after_id = $4::bigint
          and failed_count = $5::integer - 1 and disabled_at is null and url = $8
        returning organisation_id, mode`,
      values: [
        id,
        leaseId,
        from.transactionId,
        from.id,
        attempt,
        'inMs' in next ? next.inMs : 0,
        'disabled' in next ? next.disabled : null,
        url.reveal(),
      ],
    });
    const [endpoint] = rows;
    if (!endpoint) return false;
    await connection.query(
      `insert into webhook_failures
         (organisation_id, endpoint_id, event_id, event_type, attempt, code, status)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        endpoint.organisation_id,
        id,
        event.id,
        event.type,
        attempt,
        outcome.code,
        outcome.status ?? null,
      ],
    );
    if ('disabled' in next) await tellDisabled(connection, { id, ...endpoint });
    return true;
  };
  return database.transaction([], record, { lockTimeoutMs });
}

/**
 * Disables an endpoint that cannot be delivered to: what is owed to it cannot be signed, and then neither
 * can a test, which ends; or some of it is kept no longer.
 *
 * @returns whether it was enabled
 */
export async function recordUndeliverable(
  database: Pick<Database, 'transaction'>,
  { id, leaseId, reason }: Lease & { reason: 'secret_unreadable' | 'events_gone' },
): Promise<boolean> {
  const record = async (connection: Connection) => {
    if (reason === 'secret_unreadable') {
      await connection.query(
        `update webhook_endpoints set test_ended_at = clock_timestamp(), test_code = $3
         where id = $1 and lease_id = $2 and test_id is not null and test_ended_at is null`,
        [id, leaseId, reason],
      );
    }
    const { rows } = await connection.query<{ organisation_id: string; mode: Mode }>(
      `update webhook_endpoints set disabled_at = clock_timestamp(), disabled_reason = $3
       where id = $1 and lease_id = $2 and disabled_at is null returning organisation_id, mode`,
      [id, leaseId, reason],
    );
    const [endpoint] = rows;
    if (endpoint) await tellDisabled(connection, { id, ...endpoint });
    return endpoint !== undefined;
  };
  return database.transaction([], record, { lockTimeoutMs });
}

async function tellDisabled(
  connection: Connection,
  endpoint: { id: string; organisation_id: string; mode: Mode },
): Promise<void> {
  await connection.query(
    `insert into events (organisation_id, mode, type, endpoint_id)
     values ($1, $2, 'endpoint.disabled', $3)`,
    [endpoint.organisation_id, endpoint.mode, endpoint.id],
  );
}

/** Gives an endpoint back, if it is still ours. */
export async function releaseEndpoint(
  database: Pick<Database, 'query'>,
  { id, leaseId }: Lease,
): Promise<void> {
  await database.query(
    'update webhook_endpoints set lease_id = null, lease_until = null where id = $1 and lease_id = $2',
    [id, leaseId],
  );
}
