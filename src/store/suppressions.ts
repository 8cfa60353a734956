import type { Channel } from '../domain/channel.ts';
import type { Connection, Database } from './database.ts';

/** How a stop was said: by text, from an email, on the page after proof, or to the provider. */
export type SuppressionSource = 'reply' | 'one_click' | 'patient_page' | 'provider';

/** A contact point that gets nothing more, by its keyed index. */
export interface Suppression {
  readonly index: Buffer;
  readonly pepperId: string;
  readonly channel: Channel;
  readonly source: SuppressionSource;
}

/** Which of these contacts, by their keyed index, said stop. */
export async function findSuppressedIndexes(
  database: Pick<Database, 'query'>,
  indexes: readonly Buffer[],
): Promise<Buffer[]> {
  const rows = await database.query<{ contact_index: Buffer }>(
    'select contact_index from suppressions where contact_index = any($1::bytea[])',
    [indexes],
    'find suppressed indexes',
  );
  return rows.map((row) => row.contact_index);
}

/**
 * Adds a suppression that was said just now, or makes the one there is as new as this; for roles that may add
 * and read none.
 *
 * @returns whether it is new
 */
export async function insertSuppression(
  connection: Connection,
  suppression: Suppression,
): Promise<boolean> {
  // First: what it finds stays until the transaction ends, and what it does not find is added.
  const { rows } = await connection.query('select renew_suppression($1) as renewed', [
    suppression.index,
  ]);
  if (rows[0]?.renewed) return false;
  return insert(connection, { ...suppression, saidAt: null });
}

/**
 * Adds a suppression, or makes the one there is as new as this, so that no START from before it can
 * take it back; for roles that read them.
 *
 * @param suppression.saidAt the database's time, as it writes it
 * @returns whether it is new
 */
export async function renewSuppression(
  connection: Connection,
  suppression: Suppression & { readonly saidAt: string },
): Promise<boolean> {
  const older = await connection.query(
    'delete from suppressions where contact_index = $1 and created_at < $2::timestamptz',
    [suppression.index, suppression.saidAt],
  );
  const inserted = await insert(connection, suppression);
  return inserted && older.rowCount === 0;
}

/**
 * Takes back the suppressions of these indexes, those made after `saidAt` left out.
 *
 * @param input.saidAt the database's time, as it writes it: a `Date` would be cut to milliseconds,
 *   and in one of them somebody may have said both words
 */
export async function deleteSuppressions(
  connection: Pick<Connection, 'query'>,
  { indexes, saidAt }: { indexes: readonly Buffer[]; saidAt?: string },
): Promise<Suppression[]> {
  const { rows } = await connection.query<Suppression>(
    `delete from suppressions where contact_index = any($1::bytea[])
       and ($2::timestamptz is null or created_at <= $2)
     returning contact_index as index, pepper as "pepperId", channel, source`,
    [indexes, saidAt ?? null],
  );
  return rows;
}

async function insert(
  connection: Connection,
  suppression: Suppression & { readonly saidAt: string | null },
): Promise<boolean> {
  const { index, pepperId, channel, source, saidAt } = suppression;
  // No conflict target: naming the column takes the right to read it.
  const { rowCount } = await connection.query(
    `insert into suppressions (contact_index, pepper, channel, source, created_at)
     values ($1, $2, $3, $4, coalesce($5::timestamptz, clock_timestamp())) on conflict do nothing`,
    [index, pepperId, channel, source, saidAt],
  );
  return rowCount === 1;
}
