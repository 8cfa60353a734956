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

/** Forgets processes that have been silent for days. */
export async function deleteOldHeartbeats(
  database: Pick<Database, 'query'>,
  olderThanHours: number,
): Promise<void> {
  await database.query(
    `delete from heartbeats where beat_at < clock_timestamp() - $1 * interval '1 hour'`,
    [olderThanHours],
  );
}
