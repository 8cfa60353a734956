import assert from 'node:assert/strict';
import { leastValidityMs, uncountedReasons } from '../../config/retry.ts';
import { type PendingEnd, type ReceiptState, receiptStates } from '../domain/attempt.ts';
import type { Channel } from '../domain/channel.ts';
import type { ReminderState } from '../domain/reminder.ts';
import { arrayParameter } from './array-parameter.ts';
import { type Connection, type Database, idsParameter } from './database.ts';
import { tellOfChanged, toldColumns } from './reminder-steps.ts';

/** An attempt and its reminder, the reminder's row locked by this transaction. */
export interface LockedAttempt {
  readonly attemptId: string;
  readonly reminderId: string;
  readonly channel: Channel;
  readonly state: ReminderState;
  readonly pendingEnd: PendingEnd | null;
  /** Made so far on this attempt's channel, since a person last sent it again; none that was not begun. */
  readonly attempts: number;
  /** Those of them that did not end for one of `uncountedReasons`. */
  readonly counted: number;
  readonly newest: boolean;
  /** Attempts of its reminder, on every channel. */
  readonly among: number;
  readonly possiblySent: boolean;
  readonly possibleDuplicate: boolean;
  readonly receiptState: ReceiptState | null;
  readonly otherChannel: Channel | undefined;
  readonly untilNotAfterMs: number;
}

/**
 * Locks the reminders of these attempts, in the order of their ids like everyone.
 *
 * Everything that it says is as of the lock. Links and receipts are read by a second statement: one
 * for both would read them as they were before it waited, and a link that a PUT has dropped in the
 * meantime would be fallen back to.
 */
export async function lockAttempts(
  connection: Connection,
  by: { readonly attemptIds: readonly string[] } | { readonly tokens: readonly Buffer[] },
): Promise<(LockedAttempt & { readonly token: Buffer })[]> {
  const [column, values] =
    'tokens' in by
      ? ['token = any($1::bytea[])', by.tokens]
      : ['id = any($1::uuid[])', by.attemptIds];
  const locked = await connection.query({
    name: `lock attempts by ${column}`,
    text: `select t.id as attempt_id, t.token, t.channel, t.number, r.id as reminder_id, r.state, r.pending_end,
        r.possibly_sent, r.possible_duplicate, r.attempt_count
      from attempts t join reminders r on r.id = t.reminder_id
      where t.${column} order by r.id for no key update of r`,
    values: [values],
  });
  if (locked.rows.length === 0) return [];
  const around = await connection.query({
    name: 'read around attempts',
    text: `select t.id as attempt_id, t.receipt_state,
        made.attempts, made.counted,
        extract(epoch from r.not_after - clock_timestamp())::float8 * 1000 as until_not_after_ms,
        (select l.channel from links l where l.reminder_id = r.id and l.channel <> r.channel
          and l.current and l.revoked_at is null and l.parcel is not null and l.attempted_at is null
          limit 1) as other_channel
      from attempts t join reminders r on r.id = t.reminder_id
      cross join lateral (select
          count(*) filter (where s.reason_code is distinct from 'not_started')::int as attempts,
          count(*) filter (where s.reason_code is null
            or s.reason_code <> all($2::text[]))::int as counted
        from attempts s where s.reminder_id = t.reminder_id and s.channel = t.channel
          and s.number > r.attempts_before_redrive) made
      where t.id = any($1::uuid[])`,
    values: [locked.rows.map((row) => row.attempt_id), uncountedReasons],
  });
  const facts = new Map(around.rows.map((row) => [row.attempt_id, row]));
  return locked.rows.flatMap((row) => {
    const fact = facts.get(row.attempt_id);
    if (!fact) return [];
    const isTimeLeft = fact.until_not_after_ms >= leastValidityMs;
    return [
      {
        attemptId: row.attempt_id,
        token: row.token,
        reminderId: row.reminder_id,
        channel: row.channel,
        state: row.state,
        pendingEnd: row.pending_end,
        attempts: fact.attempts,
        counted: fact.counted,
        newest: row.number === row.attempt_count,
        among: row.attempt_count,
        possiblySent: row.possibly_sent,
        possibleDuplicate: row.possible_duplicate,
        receiptState: fact.receipt_state,
        otherChannel: isTimeLeft ? (fact.other_channel ?? undefined) : undefined,
        untilNotAfterMs: fact.until_not_after_ms,
      },
    ];
  });
}

/** Of the attempt `t`, whose reminder is locked: this message is another attempt's already. */
const isOfAnother = (providerId: string) => `exists (select from attempts o
  where o.reminder_id = t.reminder_id and o.id <> t.id and o.provider_id = ${providerId})`;

/** Of the attempt `t`: the copy was owed before anybody knew of it (see `setAsideWithoutCopy`). */
const owedAgain = `case when t.copy_owed_at = 'infinity' then clock_timestamp()
  else t.copy_owed_at end`;

/** How one hand-off ended, for its row. */
export interface AttemptEnd {
  readonly attemptId: string;
  readonly outcome: 'accepted' | 'refused' | 'uncertain';
  readonly reason?: string | undefined;
  readonly providerId?: string | undefined;
}

/**
 * Keeps how attempts ended. What is certain replaces what is not, and never the other way. A provider that
 * gives one id to two messages must not cost us the outcome of either: the second is kept without it.
 */
export async function writeAttemptEnds(
  connection: Connection,
  ends: readonly AttemptEnd[],
): Promise<void> {
  await connection.query({
    name: 'write attempt ends',
    text: `update attempts t set
        outcome = e.outcome,
        reason_code = e.reason,
        provider_id = coalesce(t.provider_id,
          case when not ${isOfAnother('e.provider_id')} then e.provider_id end),
        ended_at = clock_timestamp(),
        copy_owed_at = ${owedAgain}
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
        as e (attempt_id, outcome, reason, provider_id)
      where t.id = e.attempt_id and t.id = any($1::uuid[])
        and (t.outcome is null or t.outcome = 'uncertain'
          or (t.outcome = 'refused' and e.outcome = 'accepted'))`,
    values: [
      ends.map(({ attemptId }) => attemptId),
      ends.map(({ outcome }) => outcome),
      ends.map(({ reason }) => reason ?? null),
      ends.map(({ providerId }) => providerId ?? null),
    ],
  });
}

/** That a provider took a message. */
export interface Acceptance {
  readonly attemptId: string;
  readonly reminderId: string;
  readonly providerId?: string | undefined;
}

/**
 * Stores the outcome that nearly all attempts have, and of which nothing need be read to decide it: the
 * first attempt of a reminder that is being sent and whose end nobody has asked for was accepted, so the
 * reminder is `sent`. Whoever else has a word about such an attempt takes its reminder out of `sending`,
 * so there is none yet.
 *
 * @returns the attempts it stored, which is committed; the others are left to others
 */
export async function writeAccepted(
  database: Pick<Database, 'query'>,
  accepted: readonly Acceptance[],
): Promise<Set<string>> {
  const rows = await database.query<{ attempt_id: string }>(
    `with locked as materialized (
        select r.id from reminders r where r.id = any($1::uuid[])
        order by r.id for no key update of r
      ), changed as (
        update reminders r set state = 'sent', reason_code = null, batch_id = null,
          lease_until = null, sent_at = coalesce(r.sent_at, clock_timestamp()),
          possibly_sent = false, updated_at = clock_timestamp()
        from unnest($1::uuid[], $2::uuid[], $3::text[]) as k (reminder_id, attempt_id, provider_id)
        where r.id = k.reminder_id and (select count(*) from locked) > 0
          and r.state = 'sending' and r.pending_end is null and r.attempt_count = 1
        returning ${toldColumns}, k.attempt_id, k.provider_id,
          'sending' as from_state, null as event_reason
      ), ended as (
        update attempts t set outcome = 'accepted', ended_at = clock_timestamp(),
          provider_id = coalesce(t.provider_id, c.provider_id)
        from changed c where t.id = c.attempt_id
      ), told as (${tellOfChanged})
      select attempt_id from changed`,
    [
      idsParameter(accepted.map(({ reminderId }) => reminderId)),
      idsParameter(accepted.map(({ attemptId }) => attemptId)),
      arrayParameter(
        'text',
        accepted.map(({ providerId }) => providerId ?? null),
      ),
    ],
    'write accepted',
  );
  return new Set(rows.map((row) => row.attempt_id));
}

/** A provider's later word about an attempt. */
export interface AttemptReceipt {
  readonly attemptId: string;
  /** Null: it was accepted, and nothing more is known. */
  readonly state: ReceiptState | null;
  readonly code?: string | undefined;
  readonly providerId?: string | undefined;
}

/**
 * Keeps a receipt on its attempt, and with it the proof that the provider had accepted. A stronger
 * receipt that came earlier stays.
 *
 * @throws {AssertionError} for a message that another attempt of its reminder has been proven by
 */
export async function writeAttemptReceipt(
  connection: Connection,
  receipt: AttemptReceipt,
): Promise<void> {
  const { rowCount } = await connection.query({
    name: 'write attempt receipt',
    text: `update attempts t set
        outcome = 'accepted',
        reason_code = case when t.outcome = 'accepted' then t.reason_code end,
        ended_at = coalesce(t.ended_at, clock_timestamp()),
        provider_id = coalesce(t.provider_id, $4),
        receipt_state = case when s.stronger then $2::text else t.receipt_state end,
        receipt_code = case when s.stronger then $3 else t.receipt_code end,
        receipt_at = case when s.stronger then clock_timestamp() else t.receipt_at end,
        -- Its fate is known, so nobody need look for the provider's copy any more.
        copy_owed_at = case when $2 in ('delivered', 'undelivered')
          then least(t.copy_owed_at, clock_timestamp()) else ${owedAgain} end
      from (select t.id, $2::text is not null and coalesce(array_position($5::text[], $2::text)
          > array_position($5::text[], t.receipt_state), true) as stronger
        from attempts t where t.id = $1 and not ${isOfAnother('$4')}) s
      where t.id = s.id`,
    values: [
      receipt.attemptId,
      receipt.state,
      receipt.code ?? null,
      receipt.providerId ?? null,
      receiptStates,
    ],
  });
  assert(rowCount === 1, 'a message proves one attempt');
}
