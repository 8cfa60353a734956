import { AppError } from '../domain/errors.ts';
import type { Database } from '../store/database.ts';
import { maySend } from '../store/lives.ts';

/**
 * Keeps what a replay of the journal might take away again from being done meanwhile.
 *
 * @returns does it; throws `restoring` while it is not known whether the database is behind
 */
export function onceCompared<Input, Answer>(
  database: Pick<Database, 'query'>,
  work: (input: Input) => Promise<Answer>,
): (input: Input) => Promise<Answer> {
  return async (input) => {
    if (!(await maySend(database))) throw new AppError('restoring', { retryAfterS: 3 });
    return work(input);
  };
}
