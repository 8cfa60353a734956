import { limits } from '../../config/limits.ts';
import type { Channel, Mode } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';
import type { NoAnswerPolicy, SendAnswer } from '../domain/send-check.ts';
import type { Database } from './database.ts';
import { tryDuty } from './duty-lock.ts';
import type { SealedSecret } from './webhook-endpoints.ts';

/** A booking system that this process alone asks until the lease ends. */
export interface ClaimedSendCheck {
  readonly id: string;
  readonly leaseId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly url: Secret<string>;
  readonly onNoAnswer: NoAnswerPolicy;
  /** Questions without an answer, one after the other. */
  readonly failedCount: number;
  /** A test that is owed. */
  readonly test: { readonly id: string; readonly requestedAt: Date } | undefined;
  /** It has been left alone for long enough, or need not be. */
  readonly mayAsk: boolean;
}

/** What this process holds a check by. */
export type CheckLease = Pick<ClaimedSendCheck, 'id' | 'leaseId'>;

/**
 * Takes checks with reminders that come due, or a test that is owed, those first that have waited
 * longest for their turn; those whose booking system is left alone only now and then, to see what waits. Nobody waits: what another process has in hand is passed over.
 */
export async function claimSendChecks(
  database: Pick<Database, 'transaction'>,
  { countMax, leaseMs }: { countMax: number; leaseMs: number },
): Promise<ClaimedSendCheck[]> {
  return database.transaction([], async (connection) => {
    if (!(await tryDuty(connection, 'send checks'))) return [];
    // What lies further ahead than it ever should was written before the clock was set back.
    const mayAsk = `(c.due_at <= clock_timestamp() or c.due_at > clock_timestamp() + interval '2 minutes')`;
    const isDue = (channel: Channel) => `exists (select from reminders r
      where r.phase = 'scheduled' and r.channel = '${channel}' and r.mode = c.mode
        and r.organisation_id = c.organisation_id
        and r.due_at <= now() + ${limits.sendCheckAheadMs} * interval '1 millisecond')`;
    const { rows } = await connection.query({
      name: 'claim send checks',
      text: `with due as materialized (
          select c.id from send_checks c
          where (c.lease_until is null or c.lease_until < clock_timestamp()
              or c.lease_until > clock_timestamp() + 2 * $2 * interval '1 millisecond')
            and ((c.test_id is not null and c.test_ended_at is null)
              or ((${mayAsk} or coalesce(c.taken_at, '-infinity')
                  <= clock_timestamp() - $3 * interval '1 millisecond')
                and (${isDue('sms')} or ${isDue('email')})))
          order by c.taken_at nulls first limit $1 for update of c skip locked)
        update send_checks c set lease_id = gen_random_uuid(), taken_at = clock_timestamp(),
          lease_until = clock_timestamp() + $2 * interval '1 millisecond'
        from due where c.id = due.id
        returning c.id, c.lease_id, c.organisation_id, c.mode, c.url, c.on_no_answer, c.failed_count,
          ${mayAsk} as may_ask,
          case when c.test_ended_at is null then c.test_id end as test_id, c.test_requested_at`,
      values: [countMax, leaseMs, limits.sendCheckAloneMs],
    });
    return rows.map((row) => ({
      id: row.id,
      leaseId: row.lease_id,
      organisationId: row.organisation_id,
      mode: row.mode,
      url: new Secret(row.url),
      onNoAnswer: row.on_no_answer,
      failedCount: row.failed_count,
      mayAsk: row.may_ask,
      test: row.test_id ? { id: row.test_id, requestedAt: row.test_requested_at } : undefined,
    }));
  });
}

/** The live secrets of a check, newest first. */
export async function readSendCheckSecrets(
  database: Pick<Database, 'query'>,
  checkId: string,
): Promise<SealedSecret[]> {
  return database.query<SealedSecret & Record<string, unknown>>(
    `select id, key_number as "keyNumber", sealed from send_check_secrets
     where check_id = $1 and (expires_at is null or expires_at > clock_timestamp())
     order by expires_at desc nulls first`,
    [checkId],
  );
}

/** Records what came of a test. After an answer, what waited for its next question is asked at once. */
export async function recordCheckTest(
  database: Pick<Database, 'query'>,
  { id, leaseId, testId, answer }: CheckLease & { testId: string; answer: SendAnswer },
): Promise<void> {
  const isAnswered = answer.kind !== 'inconclusive';
  await database.query(
    `update send_checks set test_ended_at = clock_timestamp(), test_code = $4, test_status = $5,
       due_at = case when $6 then clock_timestamp() else due_at end
     where id = $1 and lease_id = $2 and test_id = $3`,
    [
      id,
      leaseId,
      testId,
      answer.kind === 'inconclusive' ? answer.code : answer.kind,
      answer.kind === 'inconclusive' ? (answer.status ?? null) : null,
      isAnswered,
    ],
  );
}

/** Gives a check back, if it is still ours. */
export async function releaseSendCheck(
  database: Pick<Database, 'query'>,
  { id, leaseId }: CheckLease,
): Promise<void> {
  await database.query(
    'update send_checks set lease_id = null, lease_until = null where id = $1 and lease_id = $2',
    [id, leaseId],
  );
}
