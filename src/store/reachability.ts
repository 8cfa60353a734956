import type { Database } from './database.ts';

/** Whether the database answers at all. */
export async function isReachable(database: Pick<Database, 'query'>): Promise<boolean> {
  return database.query('select 1').then(
    () => true,
    () => false,
  );
}
