import type { Database } from './database.ts';

export interface SealedCanaryMessage {
  readonly id: string;
  readonly sealed: Buffer;
}

/** Keeps what was handed over to the canary, for whoever sends. */
export async function insertCanaryMessage(
  database: Pick<Database, 'query'>,
  { id, sealed }: SealedCanaryMessage,
): Promise<void> {
  await database.query('insert into canary_messages (id, sealed) values ($1, $2)', [id, sealed]);
}

/** Everything that the canary was sent in five minutes, in that order. */
export async function listCanaryMessages(
  database: Pick<Database, 'query'>,
): Promise<SealedCanaryMessage[]> {
  return database.query<SealedCanaryMessage & Record<string, unknown>>(
    'select id, sealed from canary_messages order by taken_at',
    [],
    'list canary messages',
  );
}

/** Deletes what has been there for five minutes. */
export async function deleteOldCanaryMessages(database: Pick<Database, 'query'>): Promise<void> {
  await database.query(
    `delete from canary_messages where taken_at < clock_timestamp() - interval '5 minutes'`,
    [],
    'delete old canary messages',
  );
}
