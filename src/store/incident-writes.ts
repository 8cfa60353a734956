import { canaryOrganisationId } from '../domain/canary-branch.ts';
import { modes } from '../domain/channel.ts';
import type { IncidentCode, IncidentFacts } from '../domain/incident.ts';
import type { AnyConnection, Connection } from './database.ts';

/** Lets nobody open, add to or close an incident of this code until the transaction ends. */
export async function lockIncidents(connection: AnyConnection, code: IncidentCode): Promise<void> {
  await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `sotto incident ${code}`,
  ]);
}

/** The one of this code that nobody has closed. */
export async function findOpenIncident(
  connection: Connection,
  code: IncidentCode,
): Promise<string | undefined> {
  const { rows } = await connection.query<{ id: string }>(
    `select i.id from incidents i where i.code = $1 and not exists (
       select from incident_entries e where e.incident_id = i.id and e.kind = 'closed')`,
    [code],
  );
  return rows[0]?.id;
}

/** Opens one, and owes for it an alert by every way and a look for whom it touched. */
export async function insertIncident(
  connection: Connection,
  { id, code, since }: { id: string; code: IncidentCode; since: Temporal.Instant },
): Promise<void> {
  await connection.query(
    `insert into incidents (id, code, number, since)
     select $1, $2, coalesce(max(number), 0) + 1, $3 from incidents where code = $2`,
    [id, code, since.toString()],
  );
  await connection.query('insert into incident_progress (incident_id) values ($1)', [id]);
  await connection.query(
    `insert into incident_alerts (incident_id, way) values ($1, 'webhook'), ($1, 'email')`,
    [id],
  );
}

/**
 * Owes the alerts of one that is open anew, before it is added what was seen: after an hour in which it was
 * not seen, or for something by another name. What is found within ten minutes of an alert belongs to that.
 */
export async function oweAlertsAgain(
  connection: Connection,
  { incidentId, facts }: { incidentId: string; facts: IncidentFacts },
): Promise<void> {
  await connection.query(
    `with seen as (select e.id, e.at, e.facts from incident_entries e
       where e.incident_id = $1 and e.kind = 'seen')
     update incident_alerts a set number = a.number + 1, owed_at = clock_timestamp(),
       due_at = clock_timestamp(), tries = 0, lease_id = null, delivered_at = null
     where a.incident_id = $1 and a.delivered_at is not null
       and a.owed_at < clock_timestamp() - interval '10 minutes'
       and ((select s.at from seen s order by s.id desc limit 1) < clock_timestamp() - interval '1 hour'
         or exists (select from unnest($2::text[]) as n (name)
           where not exists (select from seen s where s.facts ? n.name)))`,
    [incidentId, Object.keys(facts)],
  );
}

/**
 * Adds what was seen, if it is news: an earlier time, other counts than a minute ago, or the same as
 * ten minutes ago.
 */
export async function insertSighting(
  connection: Connection,
  input: { incidentId: string; since: Temporal.Instant; facts: IncidentFacts },
): Promise<void> {
  await connection.query(
    `insert into incident_entries (incident_id, kind, since, facts)
     select $1, 'seen', $2, $3 where not exists (
       select from incident_entries e where e.incident_id = $1 and e.kind = 'seen'
         and e.since <= $2 and e.at > clock_timestamp() -
           case when e.facts = $3 then interval '10 minutes' else interval '1 minute' end)`,
    [input.incidentId, input.since.toString(), JSON.stringify(input.facts)],
  );
}

/** Names organisations that it may have touched, but the canary, and tells each of them once, in both modes. */
export async function insertAffectedOrganisations(
  connection: Connection,
  input: { incidentId: string; code: IncidentCode; organisationIds: readonly string[] },
): Promise<void> {
  if (input.organisationIds.length === 0) return;
  await connection.query(
    `with named as (
       insert into incident_organisations (incident_id, organisation_id, mode)
       select $1, o.id, m.mode from unnest($3::uuid[]) as given (id)
         join organisations o on o.id = given.id and o.id <> $5 cross join unnest($4::text[]) as m (mode)
       on conflict do nothing returning organisation_id, mode)
     insert into events (organisation_id, mode, type, incident_id, reason_code)
     select organisation_id, mode, 'incident.opened', $1, $2 from named`,
    [input.incidentId, input.code, input.organisationIds, modes, canaryOrganisationId],
  );
}

/** @returns whether it was open until now */
export async function insertClosing(
  connection: AnyConnection,
  { incidentId, actor, reason }: { incidentId: string; actor: string; reason: string },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into incident_entries (incident_id, kind, actor, reason) values ($1, 'closed', $2, $3)
     on conflict (incident_id) where kind = 'closed' do nothing`,
    [incidentId, actor, reason],
  );
  return rowCount === 1;
}

export async function readIncidentCode(
  connection: AnyConnection,
  id: string,
): Promise<IncidentCode | undefined> {
  const { rows } = await connection.query<{ code: IncidentCode }>(
    'select code from incidents where id = $1',
    [id],
  );
  return rows[0]?.code;
}
