import { limits } from '../../config/limits.ts';
import type { Lane } from '../domain/lane.ts';
import type { Database } from './database.ts';
import { writeReminderSteps } from './reminder-steps.ts';
import type { ClaimedSendCheck } from './send-check-turns.ts';
import { isAskedAbout } from './send-questions.ts';

const rowsMax = 500;

/**
 * Notes, while a booking system is left alone, since when there should have been an answer about what
 * comes due.
 */
export async function markUnanswered(
  database: Pick<Database, 'transaction'>,
  { organisationId, mode, channel, code }: Lane & { organisationId: string; code: string },
): Promise<void> {
  await database.transaction([], async (connection) => {
    await connection.query({
      name: 'mark unanswered',
      text: `with open as materialized (
          select r.id from reminders r join appointments a on a.id = r.appointment_id
          left join send_questions q on q.reminder_id = r.id
          where ${isAskedAbout} and r.due_at <= now()
            and (q.reminder_id is null
              or (q.unanswered_since is null and coalesce(q.proceed_until, now()) <= now()))
          order by r.due_at limit ${rowsMax}
        ), locked as materialized (
          select r.id from reminders r
          where r.id = any(array(select id from open)) and r.state = 'scheduled'
          order by r.id for no key update skip locked)
        insert into send_questions as q (reminder_id, organisation_id, mode, unanswered_since, failed_code)
        select id, $1, $2, clock_timestamp(), $4 from locked
        on conflict (reminder_id) do update set unanswered_since = excluded.unanswered_since,
          failed_code = excluded.failed_code, failed_count = 0, ask_at = excluded.ask_at`,
      values: [organisationId, mode, channel, code],
    });
  });
}

/**
 * Ends the wait for answers that do not come: the reminders go out without, or are held for a person.
 *
 * @param input.isFailing nobody answers at all; else only what was asked about itself, and would be asked
 *   about again later, is looked at
 * @returns how many
 */
export async function endUnanswered(
  database: Pick<Database, 'transaction'>,
  input: Lane & Pick<ClaimedSendCheck, 'organisationId' | 'onNoAnswer'> & { isFailing: boolean },
): Promise<number> {
  const { organisationId, mode, channel, onNoAnswer, isFailing } = input;
  return database.transaction([], async (connection) => {
    const { rows } = await connection.query<{ id: string }>({
      name: 'lock unanswered',
      text: `with over as materialized (
          select q.reminder_id as id from send_questions q join reminders r on r.id = q.reminder_id
          join appointments a on a.id = r.appointment_id
          where q.organisation_id = $1 and q.mode = $2 and ${isAskedAbout}
            and q.unanswered_since <= now() - least($4::float8 * interval '1 millisecond',
              (r.not_after - q.unanswered_since) / 2)
            and ($5 or (q.failed_count > 0 and q.ask_at > now()))
          order by q.unanswered_since limit ${rowsMax})
        select r.id from reminders r
        where r.id = any(array(select id from over)) and r.state = 'scheduled'
        order by r.id for no key update skip locked`,
      values: [organisationId, mode, channel, limits.sendCheckGraceMs, isFailing],
    });
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await connection.query({
      name: 'end unanswered',
      text: `update send_questions set unanswered_since = null, failed_count = 0,
          ask_at = clock_timestamp(), decided_at = clock_timestamp(), decision = $2::text,
          proceed_until = case when $2 = 'send_unanswered'
            then clock_timestamp() + $3 * interval '1 millisecond' end
        where reminder_id = any($1::uuid[])`,
      values: [
        ids,
        onNoAnswer === 'send' ? 'send_unanswered' : 'hold_unanswered',
        limits.sendCheckUnansweredFreshMs,
      ],
    });
    if (onNoAnswer === 'send') return ids.length;
    await writeReminderSteps(
      connection,
      ids.map((reminderId) => ({
        reminderId,
        from: 'scheduled',
        to: 'failed',
        reason: 'check_unanswered',
      })),
    );
    return ids.length;
  });
}
