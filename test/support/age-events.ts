import type pg from 'pg';

/**
 * Moves events so many days into the past, into months that are made for them as those of today are.
 *
 * @param where which of them, in SQL
 */
export async function ageEvents(
  admin: pg.Pool,
  { days, where = 'true' }: { days: number; where?: string },
): Promise<void> {
  const { rows } = await admin.query<{ month: string }>(
    `select distinct to_char(created_at - $1 * interval '1 day', 'YYYY-MM-01') as month
     from events where ${where}`,
    [days],
  );
  for (const { month } of rows) {
    const name = `events_${month.slice(0, 7).replace('-', '_')}`;
    const next = Temporal.PlainDate.from(month).add({ months: 1 });
    await admin.query(`begin; set local role sotto_owner;
      create table if not exists ${name} partition of events
        for values from ('${month} 00:00:00+00') to ('${next} 00:00:00+00');
      alter table ${name} enable row level security;
      alter table ${name} force row level security; commit`);
  }
  await admin.query(
    `update events set created_at = created_at - $1 * interval '1 day' where ${where}`,
    [days],
  );
}

/** Months that events are in, or could be put into, before this one. */
export async function oldMonths(admin: pg.Pool): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'events'::regclass
       and c.relname < 'events_' || to_char(clock_timestamp() at time zone 'UTC', 'YYYY_MM')
     order by 1`,
  );
  return rows.map(({ name }) => name);
}
