import { canaryOrganisationId } from '../domain/canary-branch.ts';
import type { Connection, Database } from './database.ts';

/**
 * Every organisation's id, for roles that row-level security shows one organisation at a time. The
 * canary is none of them: what operators see is what became of people.
 */
export async function listOrganisationIds(database: Pick<Database, 'query'>): Promise<string[]> {
  const all = await listSealedOrganisationIds(database);
  return all.filter((id) => id !== canaryOrganisationId);
}

/** Likewise, with the canary: everyone that something is sealed for. */
export async function listSealedOrganisationIds(
  database: Pick<Database, 'query'>,
): Promise<string[]> {
  const rows = await database.query<{ id: string }>('select list_organisation_ids() as id');
  return rows.map(({ id }) => id);
}

/** Runs `work` with a view of every organisation. */
export async function inEveryOrganisation<T>(
  database: Database,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return database.transaction(await listOrganisationIds(database), work);
}
