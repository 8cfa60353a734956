import { AppError } from '../domain/errors.ts';
import type { AnyConnection } from '../store/database.ts';
import {
  type IncidentRow,
  listIncidentAlerts,
  listIncidentSightings,
  listIncidents,
  listTouchedOrganisations,
  listTouchedReferences,
  type Sighting,
  type TouchedOrganisation,
} from '../store/incident-reads.ts';

export type { IncidentRow, TouchedOrganisation } from '../store/incident-reads.ts';

const incidentsMax = 200;
const sightingsMax = 20;
const referencesMax = 1_000_000;

/** Runs in one transaction of whoever may see all of them. */
export interface IncidentDeps {
  transaction<T>(work: (connection: AnyConnection) => Promise<T>): Promise<T>;
}

/** One incident, with all that is known of it. */
export interface Incident extends IncidentRow {
  /** Newest first. */
  readonly sightings: readonly Sighting[];
  readonly organisations: readonly TouchedOrganisation[];
  readonly alerts: Awaited<ReturnType<typeof listIncidentAlerts>>;
}

/** Newest first. */
export async function readIncidents(
  { transaction }: IncidentDeps,
  { isOpen }: { isOpen?: boolean | undefined } = {},
): Promise<IncidentRow[]> {
  return transaction((connection) => listIncidents(connection, { isOpen, limit: incidentsMax }));
}

/** @throws {AppError} `not_found` when there is no such incident */
export async function readIncident(
  { transaction }: IncidentDeps,
  incidentId: string,
): Promise<Incident> {
  return transaction(async (connection) => {
    const [row] = await listIncidents(connection, { id: incidentId, limit: 1 });
    if (!row) throw new AppError('not_found');
    return {
      ...row,
      sightings: await listIncidentSightings(connection, { incidentId, limit: sightingsMax }),
      organisations: await listTouchedOrganisations(connection, incidentId),
      alerts: await listIncidentAlerts(connection, incidentId),
    };
  });
}

type Reference = Awaited<ReturnType<typeof listTouchedReferences>>[number];

/** Every appointment that an incident is known to have touched, by reference. */
export async function listAllReferences(
  { transaction }: IncidentDeps,
  input: { incidentId: string; organisationId: string | undefined },
): Promise<Reference[]> {
  return transaction((connection) =>
    listTouchedReferences(connection, { ...input, after: '', limit: referencesMax }),
  );
}
