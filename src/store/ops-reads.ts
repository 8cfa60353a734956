import { canaryOrganisationId } from '../domain/canary-branch.ts';
import type { Heartbeat, HeldGroup, QueueMeasures } from '../domain/queue-measures.ts';
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

/**
 * Measures through the indexes of what is open, so that neither what is scheduled for later nor what
 * is over costs anything.
 */
export async function measureQueue(connection: Connection): Promise<QueueMeasures> {
  return {
    due: await readDue(connection),
    held: await readHeld(connection),
    inHand: await readInHand(connection),
    ...(await countOpen(connection)),
  };
}

async function readDue(connection: Connection): Promise<QueueMeasures['due']> {
  const { rows } = await connection.query(
    `select organisation_id as "organisationId", channel, mode, due_count as count,
       extract(epoch from clock_timestamp() - oldest_due_at)::float8 as "oldestAgeS"
     from count_due_reminders('-infinity', now()) where organisation_id <> $1`,
    [canaryOrganisationId],
  );
  return rows;
}

async function readHeld(connection: Connection): Promise<QueueMeasures['held']> {
  const group = (state: HeldGroup['state']) =>
    `select state, mode, channel, organisation_id as "organisationId",
       coalesce(reason_code, '') as code, count(*)::int as count,
       extract(epoch from clock_timestamp() - min(updated_at))::float8 as "oldestAgeS",
       min(not_after) as "soonestDeadline"
     from reminders where phase = '${state}' group by 1, 2, 3, 4, 5`;
  // One each, for each has an index of its own.
  const { rows } = await connection.query(`${group('failed')} union all ${group('uncertain')}`);
  return rows;
}

async function readInHand(connection: Connection): Promise<QueueMeasures['inHand']> {
  const { rows } = await connection.query(
    `select state, channel, mode, count(*)::int as count,
       extract(epoch from clock_timestamp() - min(due_at))::float8 as "oldestAgeS"
     from reminders where phase = 'in_hand' group by 1, 2, 3`,
  );
  return rows;
}

/** So many are counted one by one. */
const scheduledCountMax = 10_000;

async function countOpen(
  connection: Connection,
): Promise<Pick<QueueMeasures, 'scheduledEstimate' | 'openBatches' | 'activePauses' | 'lockOuts'>> {
  const { rows } = await connection.query(
    `with few as (select count(*)::int as count from (
        select from reminders where phase = 'scheduled' limit ${scheduledCountMax}) w)
     select case when few.count < ${scheduledCountMax} then few.count
         -- What vacuuming and analysing found of the index of exactly these.
         else (select greatest(few.count, c.reltuples::float8) from pg_class c
           where c.oid = 'reminders_due'::regclass) end as "scheduledEstimate",
       (select count(*) from batches where lease_until > clock_timestamp())::int as "openBatches",
       (select count(*) from pauses where ended_at is null)::int as "activePauses",
       (select count(*) from factor_failures f join appointments a on a.id = f.appointment_id
         where f.help_code is not null and f.locked_at is not null
           and a.ends_at > now())::int as "lockOuts"
     from few`,
  );
  return rows[0];
}
