import { createHash } from 'node:crypto';
import type { Connection } from './database.ts';

/**
 * Takes the lock of a duty for the rest of this transaction, so that of several processes one does
 * it at a time. Nobody waits and nobody leads: whoever comes second has nothing to do.
 */
export async function tryDuty(connection: Connection, duty: string): Promise<boolean> {
  const { rows } = await connection.query<{ taken: boolean }>(
    'select pg_try_advisory_xact_lock($1) as taken',
    [keyOf(duty)],
  );
  return rows[0]?.taken ?? false;
}

/** Takes that lock too, and waits for whoever has it: as long as the transaction's lock timeout lets it. */
export async function awaitDuty(connection: Connection, duty: string): Promise<void> {
  await connection.query('select pg_advisory_xact_lock($1)', [keyOf(duty)]);
}

/** There are few duties, and each is asked for again and again. */
const keys = new Map<string, string>();

function keyOf(duty: string): string {
  let key = keys.get(duty);
  if (key === undefined) {
    const digest = createHash('sha256').update(`sotto duty ${duty}`).digest();
    key = digest.readBigInt64BE().toString();
    keys.set(duty, key);
  }
  return key;
}
