import type { Config } from '../../config/env.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { adminUrlOf } from './admin.ts';

/** With the rights that the ops pages have, whatever those of the user who signs in. */
export async function asOperator<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = openDatabase({
    url: adminUrlOf(config),
    connectionsMax: 1,
    applicationName: 'sotto as an operator',
    actAs: 'ops',
  });
  return work(database).finally(() => database.close());
}
