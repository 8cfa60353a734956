import { randomUUID } from 'node:crypto';
import type { ChangedSettings } from '../domain/check-settings.ts';
import type { Secret } from '../domain/secret.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { insertOrganisation } from '../store/organisations.ts';

/**
 * Adds an organisation. Its view keys are made elsewhere; until they are published, what it puts
 * answers `key_missing`.
 */
export async function createOrganisation(
  { adminUrl }: { adminUrl: Secret<string> },
  { name, settings = {} }: { name: string; settings?: ChangedSettings },
): Promise<{ id: string }> {
  const id = randomUUID();
  await administer(adminUrl, async (connection) => {
    await insertOrganisation(connection, { id, name, settings });
    await recordAdministration(connection, {
      action: 'organisation.create',
      organisationId: id,
      subject: id,
    });
  });
  return { id };
}
