import { limits } from '../../config/limits.ts';
import { askAgainInMs } from '../../config/send-check-retry.ts';
import type { Channel } from '../domain/channel.ts';
import type { Lane } from '../domain/lane.ts';
import type { SendAnswer } from '../domain/send-check.ts';
import type { Connection, Database } from './database.ts';
import { type LockedStep, writeReminderSteps } from './reminder-steps.ts';
import type { CheckLease, ClaimedSendCheck } from './send-check-turns.ts';

/** A reminder that somebody should be asked about. */
export interface OpenQuestion {
  readonly reminderId: string;
  readonly reference: string;
  readonly version: number;
  readonly channel: Channel;
  readonly sendAt: Date;
}

const lockTimeoutMs = 2_000;

/** Due soon, still of use, and not paused: of the check `c`, the reminder `r` and its appointment `a`. */
export const isAskedAbout = `r.phase = 'scheduled' and r.organisation_id = $1 and r.mode = $2
  and r.channel = $3 and r.due_at <= now() + ${limits.sendCheckAheadMs} * interval '1 millisecond'
  and r.not_after > now() and a.paused_at is null
  and not exists (select from pauses p where p.ended_at is null
    and (p.organisation_id is null or p.organisation_id = $1)
    and (p.channel is null or p.channel = $3))`;

/**
 * What is to be asked now about one lane of an organisation, soonest due first.
 *
 * @param input.countMax with those that have an answer and wait to be taken up
 */
export async function readOpenQuestions(
  database: Pick<Database, 'query'>,
  { organisationId, mode, channel, countMax }: Lane & { organisationId: string; countMax: number },
): Promise<OpenQuestion[]> {
  return database.query<OpenQuestion & Record<string, unknown>>(
    `select r.id as "reminderId", a.reference, a.version, r.channel, r.send_at as "sendAt"
     from reminders r join appointments a on a.id = r.appointment_id
     left join send_questions q on q.reminder_id = r.id
     where ${isAskedAbout}
       and (q.reminder_id is null or (q.ask_at <= now() and coalesce(q.proceed_until, now()) <= now()))
     order by r.due_at
     limit greatest(0, $4::integer - (select count(*) from (
       select from send_questions w join reminders s on s.id = w.reminder_id
       where w.organisation_id = $1 and w.mode = $2 and w.proceed_until > now()
         and s.phase = 'scheduled' and s.channel = $3 limit $4::integer) waiting)::integer)`,
    [organisationId, mode, channel, countMax],
    'read open questions',
  );
}

/** What came of a question, told under the version of the appointment that it was about. */
export interface AnsweredQuestion {
  readonly question: OpenQuestion;
  readonly answer: SendAnswer;
  /** Since it was asked. */
  readonly ageMs: number;
}

/**
 * Keeps answers. Those that say drop cancel, under the lock of the reminder's row like every cancel; of
 * a reminder that has changed meanwhile, or whose appointment has, they say nothing any more.
 *
 * @param input.failedCount questions without an answer in a row, these included
 * @param input.leaveAloneMs how long nothing more is asked
 */
export async function recordAnswers(
  database: Pick<Database, 'transaction'>,
  input: CheckLease &
    Pick<ClaimedSendCheck, 'organisationId' | 'mode'> & {
      answers: readonly AnsweredQuestion[];
      failedCount: number;
      leaveAloneMs: number;
    },
): Promise<void> {
  const { answers } = input;
  const record = async (connection: Connection) => {
    await countAnswers(connection, input);
    const valid = await lockAsked(connection, answers);
    const certain = answers.filter(({ question }) => valid.has(question.reminderId));
    await writeQuestions(connection, input, certain);
    await writeReminderSteps(
      connection,
      certain.flatMap(({ question, answer }): LockedStep[] => {
        if (answer.kind !== 'drop') return [];
        const { reminderId } = question;
        return [{ reminderId, from: 'scheduled', to: 'cancelled', reason: 'dropped_by_check' }];
      }),
    );
  };
  await database.transaction([], record, { lockTimeoutMs });
}

/** Those that are as they were when they were asked about. Versions are read once their rows are locked. */
async function lockAsked(
  connection: Connection,
  answers: readonly AnsweredQuestion[],
): Promise<Set<string>> {
  const { rows } = await connection.query<{ id: string }>({
    name: 'lock asked reminders',
    text: `select id from reminders where id = any($1::uuid[]) and state = 'scheduled'
      order by id for no key update`,
    values: [answers.map(({ question }) => question.reminderId)],
  });
  const current = await connection.query<{ id: string; version: number }>({
    name: 'read asked versions',
    text: `select r.id, a.version from reminders r join appointments a on a.id = r.appointment_id
      where r.id = any($1::uuid[])`,
    values: [rows.map(({ id }) => id)],
  });
  const versions = new Map(current.rows.map(({ id, version }) => [id, version]));
  return new Set(
    answers.flatMap(({ question: { reminderId, version } }) =>
      versions.get(reminderId) === version ? [reminderId] : [],
    ),
  );
}

async function writeQuestions(
  connection: Connection,
  { organisationId, mode }: Pick<ClaimedSendCheck, 'organisationId' | 'mode'>,
  answers: readonly AnsweredQuestion[],
): Promise<void> {
  if (answers.length === 0) return;
  await connection.query({
    name: 'write questions',
    text: `insert into send_questions as q (reminder_id, organisation_id, mode, asked_count, decision,
          decided_at, proceed_until, unanswered_since, failed_count, failed_code, ask_at)
        select g.reminder_id, $1, $2, 1, g.decision,
          case when g.decision is not null then clock_timestamp() end,
          case when g.decision = 'proceed'
            then clock_timestamp() + ($5::float8 - g.age_ms) * interval '1 millisecond' end,
          case when g.code is not null then clock_timestamp() end,
          case when g.code is not null then 1 else 0 end, g.code,
          clock_timestamp() + case when g.code is null then 0 else $6::float8 end * interval '1 millisecond'
        from unnest($3::uuid[], $4::text[], $7::text[], $8::float8[])
          as g (reminder_id, decision, code, age_ms)
      on conflict (reminder_id) do update set
        asked_count = q.asked_count + 1,
        decision = coalesce(excluded.decision, q.decision),
        decided_at = coalesce(excluded.decided_at, q.decided_at),
        proceed_until = excluded.proceed_until,
        unanswered_since = case when excluded.failed_code is not null
          then coalesce(q.unanswered_since, excluded.unanswered_since) end,
        failed_count = case when excluded.failed_code is not null then q.failed_count + 1 else 0 end,
        failed_code = coalesce(excluded.failed_code, q.failed_code),
        ask_at = case when excluded.failed_code is null then excluded.ask_at
          else clock_timestamp() + least($6::float8 * 2 ^ least(q.failed_count, 20), $9::float8)
            * interval '1 millisecond' end`,
    values: [
      organisationId,
      mode,
      answers.map(({ question }) => question.reminderId),
      answers.map(({ answer }) => (answer.kind === 'inconclusive' ? null : answer.kind)),
      limits.sendCheckFreshMs,
      askAgainInMs(1),
      answers.map(({ answer }) => (answer.kind === 'inconclusive' ? answer.code : null)),
      answers.map(({ ageMs }) => ageMs),
      askAgainInMs(Number.MAX_SAFE_INTEGER),
    ],
  });
}

async function countAnswers(
  connection: Connection,
  {
    id,
    leaseId,
    answers,
    failedCount,
    leaveAloneMs,
  }: CheckLease & {
    answers: readonly AnsweredQuestion[];
    failedCount: number;
    leaveAloneMs: number;
  },
): Promise<void> {
  const countOf = (kind: SendAnswer['kind']) =>
    answers.filter(({ answer }) => answer.kind === kind).length;
  const last = answers.map(({ answer }) => answer).findLast(({ kind }) => kind === 'inconclusive');
  const failure = last?.kind === 'inconclusive' ? last : undefined;
  const inconclusive = countOf('inconclusive');
  await connection.query({
    name: 'count answers',
    text: `update send_checks set asked_count = asked_count + $3::integer,
        proceed_count = proceed_count + $4::integer, drop_count = drop_count + $5::integer,
        inconclusive_count = inconclusive_count + $6::integer,
        answered_at = case when $6 < $3 then clock_timestamp() else answered_at end,
        failed_count = $7::integer,
        failing_since = case when $7 > 0 then coalesce(failing_since, clock_timestamp()) end,
        failing_code = case when $7 = 0 then null else coalesce($8::text, failing_code) end,
        failing_status = case when $7 = 0 then null when $8 is null then failing_status
          else $9::integer end,
        due_at = clock_timestamp() + $10::float8 * interval '1 millisecond'
      where id = $1 and lease_id = $2`,
    values: [
      id,
      leaseId,
      answers.length,
      countOf('proceed'),
      countOf('drop'),
      inconclusive,
      failedCount,
      failure?.code ?? null,
      failure?.status ?? null,
      leaveAloneMs,
    ],
  });
}
