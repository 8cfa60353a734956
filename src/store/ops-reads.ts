import type { Heartbeat, QueueMeasures } from '../domain/queue-measures.ts';
import type { Connection, Database } from './database.ts';

export async function readHeartbeats(
  database: Pick<Database, 'query'>,
  { liveWithinS }: { liveWithinS: number },
): Promise<Heartbeat[]> {
  return database.query<Heartbeat & Record<string, unknown>>(
    `select name, extract(epoch from clock_timestamp() - max(beat_at))::float8 as "ageS",
       count(*) filter (where beat_at > clock_timestamp() - $1 * interval '1 second')::integer
         as "liveCount"
     from heartbeats group by name`,
    [liveWithinS],
  );
}

/** All of them: an operator answers for the whole deployment. */
export async function listOrganisationIds(database: Pick<Database, 'query'>): Promise<string[]> {
  const rows = await database.query<{ id: string }>('select list_organisation_ids() as id');
  return rows.map(({ id }) => id);
}

/** Measures through the indexes of what is open, so that reminders of the past cost nothing. */
export async function measureQueue(database: Database): Promise<QueueMeasures> {
  return database.transaction(await listOrganisationIds(database), async (connection) => ({
    reminders: await countOpen(connection),
    due: await countDue(connection),
    ...(await countHeld(connection)),
  }));
}

async function countOpen(connection: Connection): Promise<QueueMeasures['reminders']> {
  const { rows } = await connection.query(
    `select state, channel, count(*)::float8 as count from reminders
     where state in ('scheduled', 'failed', 'uncertain') group by state, channel
     union all
     select state, channel, count(*)::float8 as count from reminders
     where state in ('queued', 'sending') group by state, channel`,
  );
  return rows;
}

async function countDue(connection: Connection): Promise<QueueMeasures['due']> {
  const { rows } = await connection.query(
    `select channel, count(*)::float8 as count,
       extract(epoch from clock_timestamp() - min(due_at))::float8 as "oldestAgeS"
     from reminders where state = 'scheduled' and due_at <= clock_timestamp() group by channel`,
  );
  return rows;
}

async function countHeld(
  connection: Connection,
): Promise<Pick<QueueMeasures, 'openBatches' | 'activePauses'>> {
  const { rows } = await connection.query(
    `select (select count(*) from batches where lease_until > clock_timestamp())::integer
         as "openBatches",
       (select count(*) from pauses where ended_at is null)::integer as "activePauses"`,
  );
  return rows[0];
}
