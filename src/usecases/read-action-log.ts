import {
  type AuditFilter,
  type AuditRow,
  listAudit,
  readAuditChoices,
} from '../store/audit-reads.ts';
import type { Database } from '../store/database.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { listOrganisationNames, type OrganisationName } from '../store/organisation-names.ts';

export type { AuditFilter, AuditRow } from '../store/audit-reads.ts';

/** A page of what people and programs did, newest first. */
export interface ActionLog {
  readonly rows: readonly AuditRow[];
  /** Where the next page begins; absent on the last. */
  readonly before: string | undefined;
  /** What the log can be narrowed to. */
  readonly choices: {
    readonly actors: readonly string[];
    readonly actions: readonly string[];
    readonly organisations: readonly OrganisationName[];
  };
}

const pageRows = 50;

export async function readActionLog(
  { database }: { database: Pick<Database, 'transaction' | 'query'> },
  { before, filter }: { before?: string | undefined; filter: AuditFilter },
): Promise<ActionLog> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, async (connection) => {
    const rows = await listAudit(connection, { ...filter, before, countMax: pageRows + 1 });
    const shown = rows.slice(0, pageRows);
    return {
      rows: shown,
      before: rows.length > pageRows ? shown.at(-1)?.id : undefined,
      choices: {
        ...(await readAuditChoices(connection)),
        organisations: await listOrganisationNames(connection),
      },
    };
  });
}
