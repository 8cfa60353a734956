import type { Mode } from '../domain/channel.ts';
import type { IncidentCode, IncidentFacts } from '../domain/incident.ts';
import type { AnyConnection } from './database.ts';
import type { AlertWay } from './incident-alerts.ts';

/** An incident with what has become of it. */
export interface IncidentRow {
  readonly id: string;
  readonly code: IncidentCode;
  /** From when on it may have been wrong: the earliest time that anybody named. */
  readonly since: Date;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
  readonly closedReason: string | null;
  readonly organisationCount: number;
  /** Of those that are still stored. */
  readonly appointmentCount: number;
}

/** Newest first. @param filter.isOpen absent: all of them */
export async function listIncidents(
  connection: AnyConnection,
  filter: { id?: string | undefined; isOpen?: boolean | undefined; limit: number },
): Promise<IncidentRow[]> {
  const { rows } = await connection.query<IncidentRow>(
    `select i.id, i.code, i.opened_at as "openedAt",
       least(i.since, (select min(e.since) from incident_entries e where e.incident_id = i.id)) as since,
       c.at as "closedAt", c.actor as "closedBy", c.reason as "closedReason",
       (select count(distinct o.organisation_id)::int from incident_organisations o
         where o.incident_id = i.id) as "organisationCount",
       (select count(*)::int from incident_references r where r.incident_id = i.id) as "appointmentCount"
     from incidents i
     left join incident_entries c on c.incident_id = i.id and c.kind = 'closed'
     where ($1::uuid is null or i.id = $1) and ($2::boolean is null or (c.at is null) = $2)
     order by i.opened_at desc, i.id limit $3`,
    [filter.id ?? null, filter.isOpen ?? null, filter.limit],
  );
  return rows;
}

/** What was seen, newest first, and with which counts. */
export interface Sighting {
  readonly at: Date;
  readonly since: Date;
  readonly facts: IncidentFacts;
}

export async function listIncidentSightings(
  connection: AnyConnection,
  { incidentId, limit }: { incidentId: string; limit: number },
): Promise<Sighting[]> {
  const { rows } = await connection.query<Sighting>(
    `select at, since, facts from incident_entries where incident_id = $1 and kind = 'seen'
     order by id desc limit $2`,
    [incidentId, limit],
  );
  return rows;
}

/** An organisation that was told, with how many of its appointments were touched. */
export interface TouchedOrganisation {
  readonly organisationId: string;
  readonly name: string;
  readonly mode: Mode;
  readonly toldAt: Date;
  readonly appointmentCount: number;
}

export async function listTouchedOrganisations(
  connection: AnyConnection,
  incidentId: string,
): Promise<TouchedOrganisation[]> {
  const { rows } = await connection.query<TouchedOrganisation>(
    `select t.organisation_id as "organisationId", o.name, t.mode, t.found_at as "toldAt",
       (select count(*)::int from incident_references r where r.incident_id = t.incident_id
         and r.organisation_id = t.organisation_id and r.mode = t.mode) as "appointmentCount"
     from incident_organisations t join organisations o on o.id = t.organisation_id
     where t.incident_id = $1 order by "appointmentCount" desc, o.name, t.mode`,
    [incidentId],
  );
  return rows;
}

/** Appointments of one organisation that were touched, by reference. */
export async function listTouchedReferences(
  connection: AnyConnection,
  input: {
    incidentId: string;
    organisationId?: string | undefined;
    mode?: Mode | undefined;
    after: string;
    limit: number;
  },
): Promise<{ reference: string; appointmentId: string; organisationId: string; mode: Mode }[]> {
  const { rows } = await connection.query(
    `select distinct on (reference, organisation_id, mode) reference,
       appointment_id as "appointmentId", organisation_id as "organisationId", mode
     from incident_references
     where incident_id = $1 and ($2::uuid is null or organisation_id = $2)
       and ($3::text is null or mode = $3) and reference > $4
     order by reference, organisation_id, mode limit $5`,
    [input.incidentId, input.organisationId ?? null, input.mode ?? null, input.after, input.limit],
  );
  return rows;
}

/** Whom it was to wake, and when it did. */
export async function listIncidentAlerts(
  connection: AnyConnection,
  incidentId: string,
): Promise<{ way: AlertWay; tries: number; deliveredAt: Date | null }[]> {
  const { rows } = await connection.query(
    `select way, tries, delivered_at as "deliveredAt" from incident_alerts
     where incident_id = $1 order by way`,
    [incidentId],
  );
  return rows;
}

/** What an organisation is told of an incident that touched it. */
export interface OwnIncidentRow {
  readonly id: string;
  readonly code: IncidentCode;
  readonly since: Date;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly appointmentCount: number;
}

/** Incidents that touched an organisation in a mode, newest first, for whoever may see no other. */
export async function listOwnIncidents(
  connection: AnyConnection,
  input: { organisationId: string; mode: Mode; id?: string | undefined; limit: number },
): Promise<OwnIncidentRow[]> {
  const { rows } = await connection.query<OwnIncidentRow>(
    `select i.id, i.code, i.since, i.opened_at as "openedAt", c.at as "closedAt",
       (select count(*)::int from incident_references r where r.incident_id = i.id
         and r.organisation_id = $1 and r.mode = $2) as "appointmentCount"
     from incident_organisations t join incidents i on i.id = t.incident_id
     left join incident_entries c on c.incident_id = i.id and c.kind = 'closed'
     where t.organisation_id = $1 and t.mode = $2 and ($3::uuid is null or i.id = $3)
     order by i.opened_at desc, i.id limit $4`,
    [input.organisationId, input.mode, input.id ?? null, input.limit],
  );
  return rows;
}
