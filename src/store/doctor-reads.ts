import type { Connection, Database } from './database.ts';

/** The database's clock, in milliseconds since 1970. */
export async function readClockMs(database: Pick<Database, 'query'>): Promise<number> {
  const [row] = await database.query<{ ms: number }>(
    `select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
  );
  return row?.ms ?? Number.NaN;
}

/** Whether a schema of this name is there. */
export async function hasSchema(database: Pick<Database, 'query'>, name: string): Promise<boolean> {
  const rows = await database.query('select from pg_namespace where nspname = $1', [name]);
  return rows.length > 0;
}

/** Of the months ahead, this one first, those (`YYYY-MM`) that no event can be written in. */
export async function listMonthsWithoutEvents(
  database: Pick<Database, 'query'>,
  { monthsAhead }: { monthsAhead: number },
): Promise<string[]> {
  const rows = await database.query<{ month: string }>(
    `select to_char(month, 'YYYY-MM') as month
     from generate_series(0, $1::int) as step cross join lateral (
       select date_trunc('month', clock_timestamp() at time zone 'UTC')
         + make_interval(months => step) as month) as months
     where not exists (select from pg_class where relkind = 'r'
       and relname = 'events_' || to_char(month, 'YYYY_MM'))
     order by step`,
    [monthsAhead],
  );
  return rows.map(({ month }) => month);
}

/** Where the server keeps its data; undefined for a user who may not know. */
export async function readDataFolder(
  database: Pick<Database, 'query'>,
): Promise<string | undefined> {
  const [row] = await database
    .query<{ folder: string }>(
      `select setting as folder from pg_settings where name = 'data_directory'`,
    )
    .catch(() => []);
  return row?.folder;
}

/** Whether anything was ever sent from this database, or might have been. */
export async function isLifeBegun(database: Pick<Database, 'query'>): Promise<boolean> {
  const [row] = await database.query<{ begun: boolean }>(
    'select run is not null as begun from database_lives order by number desc limit 1',
  );
  return row?.begun ?? false;
}

/** Versions of the code whose duties were heard of within a minute. */
export async function listRunningVersions(database: Pick<Database, 'query'>): Promise<string[]> {
  const rows = await database.query<{ version: string }>(
    `select distinct version from heartbeats
     where beat_at > clock_timestamp() - interval '1 minute' order by version`,
  );
  return rows.map(({ version }) => version);
}

/** A stop of sending that a person has made and not taken back. */
export interface Pause {
  readonly organisationId: string | null;
  readonly channel: string | null;
  readonly ageS: number;
}

/** Longest first. */
export async function listPauses(connection: Pick<Connection, 'query'>): Promise<Pause[]> {
  const { rows } = await connection.query<Pause>(
    `select organisation_id as "organisationId", channel,
       extract(epoch from clock_timestamp() - created_at)::float8 as "ageS"
     from pauses where ended_at is null order by created_at`,
  );
  return rows;
}
