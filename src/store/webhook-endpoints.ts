import type { Mode } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';
import type { DisabledReason } from '../domain/webhook.ts';
import type { Owner } from './appointment-reads.ts';
import type { Connection } from './database.ts';
import type { EventPosition } from './event-position.ts';

/** An endpoint as its organisation sees it. */
export interface StoredEndpoint {
  readonly id: string;
  /** May hold a token of the receiver's. */
  readonly url: Secret<string>;
  readonly createdAt: Date;
  readonly position: EventPosition;
  readonly failedCount: number;
  readonly failingSince: Date | null;
  readonly dueAt: Date;
  readonly deliveredAt: Date | null;
  readonly disabledAt: Date | null;
  readonly disabledReason: DisabledReason | null;
  readonly test: {
    readonly id: string;
    readonly requestedAt: Date;
    readonly endedAt: Date | null;
    readonly code: string | null;
    readonly status: number | null;
  } | null;
  /** When the secret before the newest ends. */
  readonly oldSecretEndsAt: Date | null;
}

export interface StoredFailure {
  readonly eventId: string;
  readonly type: string;
  readonly attempt: number;
  readonly at: Date;
  readonly code: string;
  readonly status: number | null;
}

export interface SealedSecret {
  readonly id: string;
  readonly keyNumber: string;
  readonly sealed: Buffer;
}

/** Which endpoint, of whom; an endpoint of somebody else is not found. */
export interface EndpointKey extends Owner {
  readonly endpointId: string;
}

/**
 * Adds an endpoint that gets every event committed from now on: it begins at the oldest transaction that
 * still runs, so the first events may be some that were committed a moment ago.
 */
export async function insertEndpoint(
  connection: Connection,
  { organisationId, mode, endpointId, url }: EndpointKey & { url: string },
): Promise<void> {
  await connection.query(
    `insert into webhook_endpoints (id, organisation_id, mode, url, after_transaction, after_id)
     values ($1, $2, $3, $4, events_horizon(), 0)`,
    [endpointId, organisationId, mode, url],
  );
}

/** Adds a secret; the one before it goes on for the overlap, and any older one ends. */
export async function insertSecret(
  connection: Connection,
  {
    organisationId,
    endpointId,
    secret,
    overlapMs,
  }: { organisationId: string; endpointId: string; secret: SealedSecret; overlapMs: number },
): Promise<void> {
  await connection.query(
    `update webhook_secrets set expires_at = case when expires_at is null
       then clock_timestamp() + $2 * interval '1 millisecond'
       else least(expires_at, clock_timestamp()) end
     where endpoint_id = $1`,
    [endpointId, overlapMs],
  );
  await connection.query(
    `insert into webhook_secrets (id, organisation_id, endpoint_id, key_number, sealed)
     values ($1, $2, $3, $4, $5)`,
    [secret.id, organisationId, endpointId, secret.keyNumber, secret.sealed],
  );
}

/** An endpoint, which nobody changes until the transaction ends. */
export async function lockEndpoint(
  connection: Connection,
  { mode, endpointId }: EndpointKey,
): Promise<StoredEndpoint | undefined> {
  await connection.query(
    'select id from webhook_endpoints where id = $1 and mode = $2 for no key update',
    [endpointId, mode],
  );
  const [found] = await listEndpoints(connection, { mode, endpointId });
  return found;
}

/** In the order in which they were made. */
export async function listEndpoints(
  connection: Connection,
  { mode, endpointId }: { mode: Mode; endpointId?: string | undefined },
): Promise<StoredEndpoint[]> {
  const { rows } = await connection.query(
    `select e.id, url, e.created_at, after_transaction::text, after_id::text, failed_count,
       failing_since, due_at, delivered_at, disabled_at, disabled_reason, test_id,
       test_requested_at, test_ended_at, test_code, test_status,
       (select max(s.expires_at) from webhook_secrets s
         where s.endpoint_id = e.id and s.expires_at > clock_timestamp()) as old_secret_ends_at
     from webhook_endpoints e where mode = $1 and ($2::uuid is null or e.id = $2)
     order by e.created_at, e.id`,
    [mode, endpointId ?? null],
  );
  return rows.map((row) => ({
    id: row.id,
    url: new Secret(row.url),
    createdAt: row.created_at,
    position: { transactionId: row.after_transaction, id: row.after_id },
    failedCount: row.failed_count,
    failingSince: row.failing_since,
    dueAt: row.due_at,
    deliveredAt: row.delivered_at,
    disabledAt: row.disabled_at,
    disabledReason: row.disabled_reason,
    test: row.test_id && {
      id: row.test_id,
      requestedAt: row.test_requested_at,
      endedAt: row.test_ended_at,
      code: row.test_code,
      status: row.test_status,
    },
    oldSecretEndsAt: row.old_secret_ends_at,
  }));
}

/** What an organisation may ask of an endpoint. What is due anew is tried at once and from the first try. */
const changes = {
  url: `url = $3, ${startAnew()}`,
  enable: `disabled_at = null, disabled_reason = null, ${startAnew()}`,
  disable: `disabled_at = coalesce(disabled_at, clock_timestamp()),
    disabled_reason = coalesce(disabled_reason, 'by_request')`,
  replay: `after_transaction = split_part($3, ' ', 1)::xid8, after_id = split_part($3, ' ', 2)::bigint,
    ${startAnew()}`,
  // One that waits is the one that goes out: pressing often sends no more.
  test: `test_id = case when test_id is null or test_ended_at is not null then $3::uuid else test_id end,
    test_requested_at = case when test_id is null or test_ended_at is not null then clock_timestamp()
      else test_requested_at end, test_ended_at = null, test_code = null, test_status = null`,
} as const;

function startAnew(): string {
  return 'due_at = clock_timestamp(), failed_count = 0, failing_since = null';
}

/** @returns whether there is such an endpoint */
export async function changeEndpoint(
  connection: Connection,
  {
    endpointId,
    mode,
    change,
    value,
  }: EndpointKey & { change: keyof typeof changes; value?: string },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update webhook_endpoints set ${changes[change]} where id = $1 and mode = $2`,
    [endpointId, mode, ...(value === undefined ? [] : [value])],
  );
  return rowCount === 1;
}

/** @returns whether there was such an endpoint */
export async function deleteEndpoint(
  connection: Connection,
  { endpointId, mode }: EndpointKey,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    'delete from webhook_endpoints where id = $1 and mode = $2',
    [endpointId, mode],
  );
  return rowCount === 1;
}

/** Newest first. */
export async function listFailures(
  connection: Connection,
  { endpointId, limit }: { endpointId: string; limit: number },
): Promise<StoredFailure[]> {
  const { rows } = await connection.query(
    `select event_id::text as "eventId", event_type as type, attempt, failed_at as at, code, status
     from webhook_failures where endpoint_id = $1 order by id desc limit $2`,
    [endpointId, limit],
  );
  return rows;
}
