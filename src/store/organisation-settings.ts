import type { Organisation } from '../domain/organisation.ts';
import type { Database } from './database.ts';
import { type OrganisationRow, organisationColumns, organisationFrom } from './organisations.ts';

/** Reads what an organisation has decided, or undefined when there is no such organisation. */
export async function readOrganisationSettings(
  database: Database,
  organisationId: string,
): Promise<Organisation | undefined> {
  const [row] = await database.readAs<OrganisationRow & Record<string, unknown>>([organisationId], {
    name: 'read organisation settings',
    text: `select ${organisationColumns} from organisations where id = $1`,
    values: [organisationId],
  });
  return row && organisationFrom(row);
}
