import type { Organisation } from '../domain/organisation.ts';
import { type Database, uuidArray } from './database.ts';
import { type OrganisationRow, organisationColumns, organisationFrom } from './organisations.ts';

/** Reads what an organisation has decided, or undefined when there is no such organisation. */
export async function readOrganisationSettings(
  database: Database,
  organisationId: string,
): Promise<Organisation | undefined> {
  const [row] = await database.readAs<OrganisationRow & Record<string, unknown>>(
    [organisationId],
    `select ${organisationColumns} from organisations
     where id = any (${uuidArray([organisationId])}::uuid[])`,
  );
  return row && organisationFrom(row);
}
