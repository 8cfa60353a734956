import type { Channel, Mode } from '../domain/channel.ts';
import type { LatenessSlot } from '../domain/overview.ts';
import type { ReminderState } from '../domain/reminder.ts';
import type { Connection } from './database.ts';

/** Steps into each state within a day, and hand-overs among them that may be a second copy. */
export async function readDayFlow(
  connection: Connection,
  mode: Mode,
): Promise<{ state: ReminderState; count: number; flaggedCount: number }[]> {
  const { rows } = await connection.query(
    `select to_state as state, sum(count)::float8 as count,
       (sum(flagged_count) filter (where to_state = 'sending'))::float8 as "flaggedCount"
     from minute_transitions where minute >= now() - interval '1 day' and mode = $1
       and from_state <> to_state group by 1`,
    [mode],
  );
  return rows;
}

/** Hand-overs of the last hour, by channel and by what became of them. */
export async function readHourHandOvers(
  connection: Connection,
  mode: Mode,
): Promise<{ channel: Channel; code: string; count: number }[]> {
  const { rows } = await connection.query(
    `select channel, coalesce(nullif(reason_code, ''), outcome) as code, sum(count)::float8 as count
     from minute_hand_overs
     where minute >= now() - interval '1 hour' and mode = $1 and reason_code <> 'not_started'
     group by 1, 2 order by 3 desc, 2`,
    [mode],
  );
  return rows;
}

/** Why a worker gives back what it has taken, other than that nothing may go out now. */
const givenBackReasons = [
  'key_unreadable',
  'no_link_key',
  'no_opt_out_url',
  'no_route',
  'lease_passed',
];

/**
 * What workers gave back within a quarter of an hour, by channel and reason.
 *
 * @returns with each in how many minutes, and how many of the channel were handed over meanwhile
 */
export async function readGivenBack(
  connection: Connection,
  mode: Mode,
): Promise<
  { channel: Channel; code: string; count: number; minutes: number; handedOver: number }[]
> {
  const { rows } = await connection.query(
    `with recent as (select * from minute_transitions
       where minute >= now() - interval '15 minutes' and mode = $1)
     select b.channel, b.reason_code as code, sum(b.count)::float8 as count,
       count(distinct b.minute)::int as minutes,
       coalesce((select sum(h.count) from recent h
         where h.channel = b.channel and h.to_state = 'sending'), 0)::float8 as "handedOver"
     from recent b
     where b.from_state = 'queued' and b.to_state = 'scheduled' and b.reason_code = any($2::text[])
     group by 1, 2 order by 3 desc, 2`,
    [mode, givenBackReasons],
  );
  return rows;
}

/** The newest minute in which a provider took something, by channel. */
export async function readLastAccepted(
  connection: Connection,
  mode: Mode,
): Promise<{ channel: Channel; minute: Date }[]> {
  const { rows } = await connection.query(
    `select c.channel, m.minute from (values ('sms'), ('email')) as c (channel)
     cross join lateral (select h.minute from minute_hand_overs h
       where h.channel = c.channel and h.mode = $1 and h.outcome = 'accepted'
       order by h.minute desc limit 1) m`,
    [mode],
  );
  return rows;
}

/** A day in parts of ten minutes, each by its worst minute; parts without a hand-over are left out. */
export async function readLateness(connection: Connection, mode: Mode): Promise<LatenessSlot[]> {
  const { rows } = await connection.query(
    `select date_bin('10 minutes', minute, timestamptz '2000-01-01 00:00:00+00') as at,
       sum(count)::float8 as count, max(p50_s) as "p50S", max(p95_s) as "p95S", max(max_s) as "maxS"
     from minute_lateness where minute >= now() - interval '1 day' and mode = $1
     group by 1 order by 1`,
    [mode],
  );
  return rows;
}

/** Of each of the last seven days (UTC), today included. */
export async function readOptOutDays(
  connection: Connection,
): Promise<{ day: string; sms: number; email: number }[]> {
  const { rows } = await connection.query(
    `select d.day::text as day,
       coalesce(sum(m.count) filter (where m.channel = 'sms'), 0)::float8 as sms,
       coalesce(sum(m.count) filter (where m.channel = 'email'), 0)::float8 as email
     from (select (now() at time zone 'UTC')::date - n as day from generate_series(0, 6) n) d
     left join minute_opt_outs m on (m.minute at time zone 'UTC')::date = d.day
     group by 1 order by 1`,
  );
  return rows;
}

/** What falls due within an hour, counted up to 10,000 of each organisation and channel. */
export async function countDueWithinHour(connection: Connection, mode: Mode): Promise<number> {
  const { rows } = await connection.query(
    `select coalesce(sum(due_count), 0)::float8 as count
     from count_due_reminders(now(), now() + interval '1 hour') where mode = $1`,
    [mode],
  );
  return rows[0].count;
}

/**
 * Looks at the appointments of what is late.
 *
 * @returns how many begin within a day, and how many reminders are held by a read-back that did not
 *   match
 */
export async function readLateAppointments(
  connection: Connection,
  { mode, lateAfterS }: { mode: Mode; lateAfterS: number },
): Promise<{ soonCount: number; mismatchCount: number }> {
  const { rows } = await connection.query(
    `select soon_count as "soonCount", mismatch_count as "mismatchCount"
     from count_late_appointments($1, now() - $2::float8 * interval '1 second')`,
    [mode, lateAfterS],
  );
  return rows[0];
}

/** All pauses in force, then those that ended last within a day, each newest first. */
export async function readRecentPauses(connection: Connection): Promise<
  {
    organisationId: string | null;
    channel: Channel | null;
    reason: string;
    since: Date;
    until: Date | null;
  }[]
> {
  const { rows } = await connection.query(
    `select organisation_id as "organisationId", channel, reason, created_at as since,
       ended_at as until
     from pauses where ended_at is null or id = any(array(select id from pauses
       where ended_at > now() - interval '1 day' order by ended_at desc limit 50))
     order by ended_at is not null, created_at desc`,
  );
  return rows;
}

/** What processes say of themselves, each by all of its duties. */
export async function readProcesses(
  connection: Connection,
): Promise<{ name: string; instance: string; version: string; ageS: number }[]> {
  const { rows } = await connection.query(
    `select name, instance, version,
       extract(epoch from clock_timestamp() - beat_at)::float8 as "ageS"
     from heartbeats order by beat_at desc`,
  );
  return rows;
}

export async function readOrganisationNames(
  connection: Connection,
  organisationIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await connection.query<{ id: string; name: string }>(
    'select id, name from organisations where id = any($1::uuid[])',
    [organisationIds],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

export async function readMoment(
  connection: Connection,
): Promise<{ now: Date; measuredUntil: Date }> {
  const { rows } = await connection.query(
    'select now() as now, measured_until as "measuredUntil" from measuring',
  );
  return rows[0];
}

/** Whether anything live was ever sent, or is to be. */
export async function hasLive(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query(
    `select exists (select from total_transitions where mode = 'live')
       or exists (select from reminders where phase = 'scheduled' and channel = 'sms' and mode = 'live')
       or exists (select from reminders where phase = 'scheduled' and channel = 'email' and mode = 'live')
       as live`,
  );
  return rows[0].live;
}
