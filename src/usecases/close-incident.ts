import { AppError } from '../domain/errors.ts';
import { insertAudit } from '../store/audit.ts';
import type { AnyConnection } from '../store/database.ts';
import { insertClosing, lockIncidents, readIncidentCode } from '../store/incident-writes.ts';

/**
 * Closes an incident, for good: what goes wrong again opens another. The organisations are told by
 * whoever tells them that it began.
 *
 * @returns false when it was closed already, which leaves everything as it is
 * @throws {AppError} `not_found` when there is no such incident
 */
export async function closeIncident(
  { transaction }: { transaction<T>(work: (connection: AnyConnection) => Promise<T>): Promise<T> },
  { incidentId, actor, reason }: { incidentId: string; actor: string; reason: string },
): Promise<boolean> {
  return transaction(async (connection) => {
    const code = await readIncidentCode(connection, incidentId);
    if (code === undefined) throw new AppError('not_found');
    // Whoever is adding to it at this moment is waited for, and the next one opens another.
    await lockIncidents(connection, code);
    if (!(await insertClosing(connection, { incidentId, actor, reason }))) return false;
    const subject = `${code} ${incidentId}`;
    await insertAudit(connection, { actor, action: 'incident.close', subject, reason });
    return true;
  });
}
