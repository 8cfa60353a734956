import { Secret } from '../domain/secret.ts';
import type { NoAnswerPolicy, NoAnswerReason } from '../domain/send-check.ts';
import type { Owner } from './appointment-reads.ts';
import type { AnyConnection } from './database.ts';
import type { SealedSecret } from './webhook-endpoints.ts';

/** A send-time check as its organisation sees it. */
export interface StoredSendCheck {
  readonly id: string;
  /** May hold a token of the receiver's. */
  readonly url: Secret<string>;
  readonly onNoAnswer: NoAnswerPolicy;
  readonly createdAt: Date;
  readonly answeredAt: Date | null;
  readonly failing: {
    readonly since: Date;
    readonly code: NoAnswerReason;
    readonly status: number | null;
  } | null;
  readonly counts: {
    readonly asked: number;
    readonly proceed: number;
    readonly drop: number;
    readonly inconclusive: number;
  };
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

/** The check of an organisation and mode, which nobody changes until the transaction ends. */
export async function lockSendCheck(
  connection: AnyConnection,
  owner: Owner,
): Promise<StoredSendCheck | undefined> {
  await connection.query(
    'select id from send_checks where organisation_id = $1 and mode = $2 for no key update',
    [owner.organisationId, owner.mode],
  );
  return findSendCheck(connection, owner);
}

export async function findSendCheck(
  connection: AnyConnection,
  { organisationId, mode }: Owner,
): Promise<StoredSendCheck | undefined> {
  const { rows } = await connection.query(
    `select c.id, url, on_no_answer, c.created_at, answered_at, failing_since, failing_code,
       failing_status, asked_count::float8, proceed_count::float8, drop_count::float8,
       inconclusive_count::float8, test_id, test_requested_at, test_ended_at, test_code, test_status,
       (select max(s.expires_at) from send_check_secrets s
         where s.check_id = c.id and s.expires_at > clock_timestamp()) as old_secret_ends_at
     from send_checks c where organisation_id = $1 and mode = $2`,
    [organisationId, mode],
  );
  const [row] = rows;
  if (!row) return undefined;
  return {
    id: row.id,
    url: new Secret(row.url),
    onNoAnswer: row.on_no_answer,
    createdAt: row.created_at,
    answeredAt: row.answered_at,
    failing: row.failing_since && {
      since: row.failing_since,
      code: row.failing_code,
      status: row.failing_status,
    },
    counts: {
      asked: row.asked_count,
      proceed: row.proceed_count,
      drop: row.drop_count,
      inconclusive: row.inconclusive_count,
    },
    test: row.test_id && {
      id: row.test_id,
      requestedAt: row.test_requested_at,
      endedAt: row.test_ended_at,
      code: row.test_code,
      status: row.test_status,
    },
    oldSecretEndsAt: row.old_secret_ends_at,
  };
}

export async function insertSendCheck(
  connection: AnyConnection,
  input: Owner & { checkId: string; url: string; onNoAnswer: NoAnswerPolicy },
): Promise<void> {
  await connection.query(
    `insert into send_checks (id, organisation_id, mode, url, on_no_answer)
     values ($1, $2, $3, $4, $5)`,
    [input.checkId, input.organisationId, input.mode, input.url, input.onNoAnswer],
  );
}

/** Another address is asked at once, whatever the one before did. */
export async function updateSendCheck(
  connection: AnyConnection,
  input: { checkId: string; url: string | undefined; onNoAnswer: NoAnswerPolicy | undefined },
): Promise<void> {
  await connection.query(
    `update send_checks set on_no_answer = coalesce($3, on_no_answer), url = coalesce($2, url),
       due_at = case when $2 is null then due_at else clock_timestamp() end,
       failed_count = case when $2 is null then failed_count else 0 end,
       failing_since = case when $2 is null then failing_since end,
       failing_code = case when $2 is null then failing_code end,
       failing_status = case when $2 is null then failing_status end
     where id = $1`,
    [input.checkId, input.url ?? null, input.onNoAnswer ?? null],
  );
}

/** One that waits is the one that is asked: pressing often asks no more. */
export async function requestSendCheckTest(
  connection: AnyConnection,
  { checkId, testId }: { checkId: string; testId: string },
): Promise<void> {
  await connection.query(
    `update send_checks set test_id = $2, test_requested_at = clock_timestamp(),
       test_ended_at = null, test_code = null, test_status = null
     where id = $1 and (test_id is null or test_ended_at is not null)`,
    [checkId, testId],
  );
}

/** Adds a secret; the one before it goes on for the overlap, and any older one ends. */
export async function insertSendCheckSecret(
  connection: AnyConnection,
  input: { organisationId: string; checkId: string; secret: SealedSecret; overlapMs: number },
): Promise<void> {
  const { organisationId, checkId, secret, overlapMs } = input;
  await connection.query(
    `update send_check_secrets set expires_at = case when expires_at is null
       then clock_timestamp() + $2 * interval '1 millisecond'
       else least(expires_at, clock_timestamp()) end
     where check_id = $1`,
    [checkId, overlapMs],
  );
  await connection.query(
    `insert into send_check_secrets (id, organisation_id, check_id, key_number, sealed)
     values ($1, $2, $3, $4, $5)`,
    [secret.id, organisationId, checkId, secret.keyNumber, secret.sealed],
  );
}

export async function deleteSendCheck(connection: AnyConnection, checkId: string): Promise<void> {
  await connection.query('delete from send_checks where id = $1', [checkId]);
}
