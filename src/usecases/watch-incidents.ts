import type { Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import { addTouched, finishLook, listOwedIncidents } from '../store/incident-affected.ts';
import { listSightings } from '../store/incident-watch.ts';
import { openIncident } from './open-incident.ts';

interface WatchDeps {
  readonly database: Pick<Database, 'transaction'>;
}

/** Opens an incident for everything that is wrong now and can be seen in the database. */
export async function watchForIncidents(deps: WatchDeps): Promise<void> {
  const sightings = await deps.database.transaction([], listSightings);
  for (const { since, ...sighting } of sightings) {
    await openIncident(deps, {
      ...sighting,
      since: Temporal.Instant.fromEpochMilliseconds(since.getTime()),
    });
  }
}

/**
 * Finds out which appointments each incident has touched that is open or was just closed, and tells
 * their organisations: that it began, as soon as one of theirs is found, and that it is over.
 */
export async function tellOfIncidents({ database }: WatchDeps): Promise<void> {
  const owed = await database.transaction([], listOwedIncidents);
  const failures: unknown[] = [];
  for (const { id } of owed) {
    // One that cannot be looked into keeps nobody from being told of the others.
    await lookThrough(database, id).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

/** Each slice is a short transaction; one that is cut off is done again, and names nobody twice. */
async function lookThrough(database: WatchDeps['database'], id: string): Promise<void> {
  let isAll = false;
  while (!isAll) isAll = await database.transaction([], (connection) => lookOnce(connection, id));
}

async function lookOnce(
  connection: Parameters<typeof listOwedIncidents>[0],
  id: string,
): Promise<boolean> {
  if (!(await tryDuty(connection, `incident ${id}`))) return true;
  const incident = (await listOwedIncidents(connection)).find((one) => one.id === id);
  if (!incident) return true;
  const { isAll } = await addTouched(connection, incident);
  if (isAll) await finishLook(connection, incident);
  return isAll;
}
