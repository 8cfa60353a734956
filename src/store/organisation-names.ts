import type { Connection } from './database.ts';

export interface OrganisationName {
  readonly id: string;
  readonly name: string;
}

/** Organisations that this transaction may see, by name. */
export async function listOrganisationNames(connection: Connection): Promise<OrganisationName[]> {
  const { rows } = await connection.query<OrganisationName>(
    'select id, name from organisations order by lower(name), id',
  );
  return rows;
}
