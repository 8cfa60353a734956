import { randomUUID } from 'node:crypto';
import type { IncidentCode, IncidentFacts } from '../domain/incident.ts';
import type { Database } from '../store/database.ts';
import {
  findOpenIncident,
  insertAffectedOrganisations,
  insertIncident,
  insertSighting,
  lockIncidents,
  oweAlertsAgain,
} from '../store/incident-writes.ts';

export interface NewIncident {
  readonly code: IncidentCode;
  /** From when on it may have been wrong. */
  readonly since: Temporal.Instant;
  /** Counts only: nothing that tells one person from another. */
  readonly facts?: IncidentFacts;
  /** Touched for certain. Others are found by a query of the code's own, while it is open. */
  readonly organisationIds?: readonly string[];
}

/**
 * Opens an incident, or adds to the one of this code that is open. Whoever comes at the same moment
 * adds to the same one, and what is no news adds nothing, so it may be called in every round.
 *
 * Its 72 hours begin here; on-call is woken and the organisations are told as owed work. On-call is woken
 * again by what is seen after an hour of quiet: it may have nothing to do with what nobody has closed.
 */
export async function openIncident(
  { database }: { database: Pick<Database, 'transaction'> },
  { code, since, facts = {}, organisationIds = [] }: NewIncident,
): Promise<{ id: string; isNew: boolean }> {
  return database.transaction([], async (connection) => {
    await lockIncidents(connection, code);
    const open = await findOpenIncident(connection, code);
    const id = open ?? randomUUID();
    if (open === undefined) await insertIncident(connection, { id, code, since });
    else await oweAlertsAgain(connection, { incidentId: id, facts });
    await insertSighting(connection, { incidentId: id, since, facts });
    await insertAffectedOrganisations(connection, { incidentId: id, code, organisationIds });
    return { id, isNew: open === undefined };
  });
}
