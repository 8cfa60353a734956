import type { Connection, Database } from './database.ts';
import { eventIsForReaders } from './event-reads.ts';

/** Appointments whose events of a month are carried in one statement. */
const appointmentsMax = 1_000;

/** Makes the partitions that events of the months ahead go into. */
export async function makeEventPartitions(connection: Connection): Promise<void> {
  await connection.query('select ensure_event_partitions(3)');
}

/**
 * Months of events, oldest first and as the date of their first day, the last of whose events is older
 * than they are kept. A day is added, so that whoever reads in the order of transactions, which differs a
 * little from that of time, has read past the month when the last event of it is that old.
 */
export async function listOldMonths(
  database: Pick<Database, 'query'>,
  { keptDays }: { keptDays: number },
): Promise<string[]> {
  const rows = await database.query<{ month: string }>(
    `select p.month::text from (
       select to_date(right(c.relname, 7), 'YYYY_MM') as month
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'events'::regclass and c.relname ~ '^events_\\d{4}_\\d{2}$') p
     where (p.month + interval '1 month') at time zone 'UTC'
       <= clock_timestamp() - ($1 + 1) * interval '1 day'
     order by p.month`,
    [keptDays],
  );
  return rows.map(({ month }) => month);
}

const inMonth = `e.created_at >= $1::date::timestamp at time zone 'UTC'
  and e.created_at < ($1::date + interval '1 month') at time zone 'UTC'`;

/**
 * Carries forward what the events of some more appointments say: the steps of a month, counted by what
 * they were, and what they add up to for each reminder that is still there. Nothing of it counts before
 * the month is dropped; nothing is carried twice, for how far it got is written with it.
 *
 * @returns whether there is more of that month to carry
 */
export async function carrySomeEvents(connection: Connection, month: string): Promise<boolean> {
  await connection.query(
    'insert into event_months (month) values ($1) on conflict (month) do nothing',
    [month],
  );
  const { rows } = await connection.query<{ carriedTo: string; isCarried: boolean }>(
    `select carried_to as "carriedTo", carried_at is not null as "isCarried"
     from event_months where month = $1`,
    [month],
  );
  const [stand] = rows;
  if (!stand || stand.isCarried) return false;
  // Without a name, so that it is planned for this month alone.
  const carried = await connection.query<{ last: string | null }>(
    `with page as materialized (
       select distinct e.appointment_id from events e
       where ${inMonth} and e.appointment_id > $2 order by e.appointment_id limit ${appointmentsMax}
     ), step as materialized (
       select e.organisation_id, e.mode, e.appointment_id, e.reminder_id, e.from_state, e.to_state,
         e.reason_code
       from events e where ${inMonth} and e.appointment_id = any(array(select appointment_id from page))
         and e.reminder_id is not null and e.to_state is not null
         and e.from_state is distinct from e.to_state
     ), steps as (
       insert into carried_steps as c
         (month, organisation_id, mode, from_state, to_state, reason_code, count)
       select $1, organisation_id, mode, from_state, to_state, reason_code, count(*) from step
       group by 2, 3, 4, 5, 6
       on conflict (month, organisation_id, mode, from_state, to_state, reason_code)
         do update set count = c.count + excluded.count
     ), lives as (
       insert into carried_lives (month, organisation_id, mode, appointment_id, reminder_id, state, step)
       select $1, s.organisation_id, s.mode, s.appointment_id, s.reminder_id, t.state, sum(t.step)
       from step s cross join lateral (values (s.to_state, 1), (s.from_state, -1)) as t (state, step)
       where t.state is not null
         and exists (select from appointments a where a.id = s.appointment_id)
       group by 2, 3, 4, 5, 6 having sum(t.step) <> 0
     )
     select appointment_id as last from page order by 1 desc limit 1`,
    [month, stand.carriedTo],
  );
  const last = carried.rows[0]?.last;
  if (last) {
    await connection.query('update event_months set carried_to = $2 where month = $1', [
      ...[month, last],
    ]);
    return true;
  }
  await noteEnds(connection, month);
  await connection.query(
    'update event_months set carried_at = clock_timestamp() where month = $1',
    [month],
  );
  return false;
}

/** Where the readers of each organisation stand who have missed nothing of a month. */
async function noteEnds(connection: Connection, month: string): Promise<void> {
  await connection.query(
    `insert into carried_ends (month, organisation_id, mode, transaction_id, id)
     select $1, o.id, m.mode, l.transaction_id, l.id from organisations o
     cross join (values ('live'), ('test')) as m (mode)
     cross join lateral (select e.transaction_id, e.id from events e
       where ${inMonth} and e.organisation_id = o.id and e.mode = m.mode and ${eventIsForReaders}
       order by e.transaction_id desc, e.id desc limit 1) l`,
    [month],
  );
}

/**
 * Drops a month that is carried, and counts what was carried instead. It waits for whoever reads or writes
 * events at this moment, and lets nobody pass meanwhile: for the lock's time-out and no longer.
 *
 * @returns false where it is not carried, not old enough, or dropped already
 */
export async function dropMonth(
  connection: Connection,
  { month, keptDays }: { month: string; keptDays: number },
): Promise<boolean> {
  const { rows } = await connection.query<{ dropped: boolean }>(
    'select drop_event_month($1, $2) as dropped',
    [month, keptDays],
  );
  return rows[0]?.dropped ?? false;
}
