import type { Database } from './database.ts';

/** Today in UTC by the database's clock, `YYYY-MM-DD`. */
export async function readDatabaseDay(database: Pick<Database, 'query'>): Promise<string> {
  const rows = await database.query<{ day: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD') as day`,
  );
  return rows[0]?.day ?? '0000-01-01';
}

/** Which of these days something is still sealed to: a parcel, or a callback that nobody opened. */
export async function readDaysInUse(
  database: Pick<Database, 'query'>,
  days: readonly string[],
): Promise<Set<string>> {
  const rows = await database.query<{ day: string }>(
    `select d.day::text as day from unnest($1::date[]) as d (day)
     where exists (select from links l where l.parcel is not null and l.parcel_day = d.day)
       or exists (select from sealed_callbacks c where c.epoch_day = d.day)`,
    [days],
  );
  return new Set(rows.map(({ day }) => day));
}
