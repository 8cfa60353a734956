import { readHighWaterMark, writeHighWaterMark } from '../journal/high-water-mark.ts';
import type { Database } from '../store/database.ts';
import { raiseBeat, readLife } from '../store/lives.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { NewIncident } from './open-incident.ts';

/**
 * Marks outside of the database how far it has got, so that one that goes back is recognised.
 *
 * A mark that cannot be written stops nothing; it is told of, and whoever does this falls silent.
 *
 * A life that the mark does not know yet is told of before it does: a restore was dealt with beside another
 * journal, whose incident is open then, or somebody wrote into the database that there was one.
 *
 * @returns whether it is marked; not when the server was started anew in this moment
 */
export async function markHighWater({
  database,
  journal,
  openIncident,
  log,
  now = Temporal.Now.instant,
}: {
  database: Pick<Database, 'query' | 'transaction'>;
  journal: string;
  openIncident: (incident: NewIncident) => Promise<unknown>;
  log: Log;
  now?: () => Temporal.Instant;
}): Promise<boolean> {
  const { server } = await readLife(database);
  const localAt = now().toString();
  const beat = await database.transaction([], (connection) => raiseBeat(connection, server));
  // The server was started anew in this moment: it is compared first.
  if (!beat) return false;
  const marked = await readHighWaterMark(journal).catch(() => undefined);
  if (marked && marked.life < beat.life) {
    log.error('a restore of the database was not seen here', { code: 'restored_behind' });
    await openIncident({
      code: 'restored_behind',
      since: Temporal.Instant.from(marked.at),
      facts: { restoresNotSeen: beat.life - marked.life },
    });
  }
  const { identity, timeline } = server;
  try {
    await writeHighWaterMark(journal, { ...beat, identity, timeline, localAt });
    return true;
  } catch (error) {
    log.error('the high-water mark cannot be written', errorFacts(error));
    throw error;
  }
}
