import { limits } from '../../config/limits.ts';
import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { incidentWords, notifyBy } from '../domain/incident.ts';
import { isReference } from '../domain/reference.ts';
import type { Database } from '../store/database.ts';
import {
  listOwnIncidents as listStored,
  listTouchedReferences,
  type OwnIncidentRow,
} from '../store/incident-reads.ts';

/** An incident as the organisation is told of it that it touched. */
export interface OwnIncidentAnswer {
  readonly id: string;
  readonly code: string;
  readonly what: string;
  readonly since: string;
  readonly openedAt: string;
  readonly notifyBy: string;
  readonly closedAt: string | null;
  readonly appointments: number;
}

interface Deps {
  readonly database: Pick<Database, 'transaction'>;
}

interface Owner {
  readonly organisationId: string;
  readonly mode: Mode;
}

/** The newest that touched an organisation, newest first. */
export async function listOwnIncidents(
  { database }: Deps,
  owner: Owner,
): Promise<{ incidents: OwnIncidentAnswer[] }> {
  const rows = await database.transaction([owner.organisationId], (connection) =>
    listStored(connection, { ...owner, limit: limits.pageSizeMax }),
  );
  return { incidents: rows.map(describe) };
}

/**
 * One of them, with a page of the references of the appointments that it touched.
 *
 * @throws {AppError} `not_found`, also for one that touched others alone; `invalid_request` at `/after`
 */
export async function readOwnIncident(
  { database }: Deps,
  {
    incidentId,
    after,
    limit = limits.pageSizeDefault,
    ...owner
  }: Owner & {
    incidentId: string;
    after?: string | undefined;
    limit?: number | undefined;
  },
): Promise<OwnIncidentAnswer & { references: string[]; next: string | null }> {
  const from = after === undefined ? '' : readCursor(after);
  return database.transaction([owner.organisationId], async (connection) => {
    const [row] = await listStored(connection, { ...owner, id: incidentId, limit: 1 });
    if (!row) throw new AppError('not_found');
    const asked = { ...owner, incidentId, after: from, limit: limit + 1 };
    const found = await listTouchedReferences(connection, asked);
    const references = found.slice(0, limit).map(({ reference }) => reference);
    const last = references.at(-1);
    const next = found.length > limit && last !== undefined ? writeCursor(last) : null;
    return { ...describe(row), references, next };
  });
}

function describe(row: OwnIncidentRow): OwnIncidentAnswer {
  return {
    id: row.id,
    code: row.code,
    what: incidentWords[row.code].what,
    since: row.since.toISOString(),
    openedAt: row.openedAt.toISOString(),
    notifyBy: notifyBy(row.openedAt).toISOString(),
    closedAt: row.closedAt?.toISOString() ?? null,
    appointments: row.appointmentCount,
  };
}

function writeCursor(reference: string): string {
  return Buffer.from(reference).toString('base64url');
}

function readCursor(cursor: string): string {
  const reference = Buffer.from(cursor, 'base64url').toString();
  if (isReference(reference) && writeCursor(reference) === cursor) return reference;
  throw new AppError('invalid_request', { fields: [{ pointer: '/after', code: 'invalid_value' }] });
}
