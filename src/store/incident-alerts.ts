import type { IncidentCode } from '../domain/incident.ts';
import type { Database } from './database.ts';

/** How somebody is woken. */
export type AlertWay = 'webhook' | 'email';

/** An alert that is this process's to send until its lease is over. */
export interface ClaimedAlert {
  readonly incidentId: string;
  readonly way: AlertWay;
  /** The how manieth of its incident by this way. */
  readonly number: number;
  readonly code: IncidentCode;
  readonly openedAt: Date;
  readonly leaseId: string;
}

/**
 * Takes alerts that are owed, of incidents that nobody has closed. Of a process that dies with one, the
 * lease ends and another takes it.
 *
 * @param input.ageS only those that have been owed for so long
 */
export async function claimAlerts(
  database: Pick<Database, 'query'>,
  input: { leaseId: string; way: AlertWay; ageS: number; leaseS: number },
): Promise<ClaimedAlert[]> {
  return database.query(
    `with owed as materialized (
       select a.incident_id, a.way from incident_alerts a
       where a.way = $2 and a.delivered_at is null and a.due_at <= now()
         and a.owed_at <= now() - $3 * interval '1 second'
         and not exists (select from incident_entries e
           where e.incident_id = a.incident_id and e.kind = 'closed')
       order by a.due_at limit 20 for update of a skip locked
     ), taken as (
       update incident_alerts a set lease_id = $1, tries = a.tries + 1,
         due_at = clock_timestamp() + $4 * interval '1 second'
       from owed o where a.incident_id = o.incident_id and a.way = o.way
       returning a.incident_id, a.number
     )
     select i.id as "incidentId", $2 as way, t.number, i.code, i.opened_at as "openedAt", $1 as "leaseId"
     from taken t join incidents i on i.id = t.incident_id order by i.opened_at`,
    [input.leaseId, input.way, input.ageS, input.leaseS],
  );
}

/** It was taken, whoever holds the lease by now; the next of its incident was not. */
export async function recordAlerted(
  database: Pick<Database, 'query'>,
  { incidentId, way, number }: ClaimedAlert,
): Promise<void> {
  await database.query(
    `update incident_alerts set delivered_at = clock_timestamp()
     where incident_id = $1 and way = $2 and number = $3 and delivered_at is null`,
    [incidentId, way, number],
  );
}

/** It was not: the next try waits a little longer each time, and never longer than a minute. */
export async function recordUnalerted(
  database: Pick<Database, 'query'>,
  { incidentId, way, leaseId }: ClaimedAlert,
): Promise<void> {
  await database.query(
    `update incident_alerts set
       due_at = clock_timestamp() + least(60, 2 ^ least(tries, 6)) * interval '1 second'
     where incident_id = $1 and way = $2 and lease_id = $3 and delivered_at is null`,
    [incidentId, way, leaseId],
  );
}

/** Alerts of open incidents that nobody could be given for so long. */
export async function countUnalerted(
  database: Pick<Database, 'query'>,
  { ways, forS }: { ways: readonly AlertWay[]; forS: number },
): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `select count(*)::int as count from incident_alerts a
     where a.way = any($1) and a.delivered_at is null
       and a.owed_at <= now() - $2 * interval '1 second'
       and not exists (select from incident_entries e
         where e.incident_id = a.incident_id and e.kind = 'closed')`,
    [ways, forS],
  );
  return row?.count ?? 0;
}
