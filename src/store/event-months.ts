import type { Connection, Database } from './database.ts';

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

/**
 * Carries forward what the events of some more appointments say: the steps of a month, counted by what
 * they were, and what they add up to for each reminder that is still there. Nothing of it counts before
 * the month is dropped; nothing is carried twice, for how far it got is written with it. A function of the
 * owner does it: who could write what was carried could have a month dropped that was not.
 *
 * @returns whether there is more of that month to carry
 */
export async function carrySomeEvents(connection: Connection, month: string): Promise<boolean> {
  const { rows } = await connection.query<{ isMore: boolean }>(
    'select carry_event_month($1) as "isMore"',
    [month],
  );
  return rows[0]?.isMore ?? false;
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
