import { AppError } from '../domain/errors.ts';
import type { Organisation } from '../domain/organisation.ts';
import type { Database } from '../store/database.ts';
import { readOrganisationSettings } from '../store/organisation-settings.ts';

/** Tells what an organisation has decided, to a caller that was let in for it. */
export async function readOrganisation(
  { database }: { database: Database },
  { organisationId }: { organisationId: string },
): Promise<Organisation> {
  const organisation = await readOrganisationSettings(database, organisationId);
  if (!organisation) throw new AppError('internal');
  return organisation;
}
