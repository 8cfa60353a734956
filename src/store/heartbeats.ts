import type { Database } from './database.ts';

/** Says that a duty of this process is alive; `instance` names the process for as long as it runs. */
export async function writeHeartbeat(
  database: Pick<Database, 'query'>,
  beat: { name: string; instance: string; version: string },
): Promise<void> {
  await database.query(
    `insert into heartbeats (name, instance, version) values ($1, $2, $3)
     on conflict (name, instance) do update
       set beat_at = clock_timestamp(), version = excluded.version`,
    [beat.name, beat.instance, beat.version],
  );
}

/** Takes back what a heartbeat said, before it would be forgotten. */
export async function deleteHeartbeat(
  database: Pick<Database, 'query'>,
  beat: { name: string; instance: string },
): Promise<void> {
  await database.query('delete from heartbeats where name = $1 and instance = $2', [
    beat.name,
    beat.instance,
  ]);
}

/** Every process of every duty that was heard of within a day, and of each duty the last. */
export async function listHeartbeats(
  database: Pick<Database, 'query'>,
): Promise<{ name: string; ageS: number; lifeS: number }[]> {
  return database.query(
    `select name, extract(epoch from clock_timestamp() - beat_at)::float8 as "ageS",
       extract(epoch from clock_timestamp() - started_at)::float8 as "lifeS" from heartbeats`,
  );
}
