import { writeHighWaterMark } from '../journal/high-water-mark.ts';
import type { Database } from '../store/database.ts';
import { raiseBeat, readLife } from '../store/lives.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';

/**
 * Marks outside of the database how far it has got, so that one that goes back is recognised.
 *
 * A mark that cannot be written stops nothing; it is told of, and whoever does this falls silent.
 */
export async function markHighWater({
  database,
  journal,
  log,
  now = Temporal.Now.instant,
}: {
  database: Pick<Database, 'query' | 'transaction'>;
  journal: string;
  log: Log;
  now?: () => Temporal.Instant;
}): Promise<void> {
  const { server } = await readLife(database);
  const localAt = now().toString();
  const beat = await database.transaction([], (connection) => raiseBeat(connection, server));
  // The server was started anew in this moment: it is compared first.
  if (!beat) return;
  const { identity, timeline } = server;
  try {
    await writeHighWaterMark(journal, { ...beat, identity, timeline, localAt });
  } catch (error) {
    log.error('the high-water mark cannot be written', errorFacts(error));
    throw error;
  }
}
