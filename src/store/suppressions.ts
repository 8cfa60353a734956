import type { Database } from './database.ts';

/** Which of these contacts, by their keyed index, said stop. */
export async function findSuppressedIndexes(
  database: Pick<Database, 'query'>,
  indexes: readonly Buffer[],
): Promise<Buffer[]> {
  const rows = await database.query<{ contact_index: Buffer }>(
    'select contact_index from suppressions where contact_index = any($1::bytea[])',
    [indexes],
  );
  return rows.map((row) => row.contact_index);
}
