import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { type GivenSettings, updateOrganisation } from '../store/organisations.ts';

/**
 * Changes settings of an organisation, with a line in the audit for each: its name, its new value
 * and, for one that shows patients' details more easily, the reason that was given.
 *
 * What was accepted before keeps its plan; the rest holds from the next request on.
 *
 * @throws {AppError} `not_found`
 */
export async function changeOrganisation(
  { adminUrl }: { adminUrl: Secret<string> },
  { id, settings, reason }: { id: string; settings: GivenSettings; reason?: string | undefined },
): Promise<void> {
  await administer(adminUrl, async (connection) => {
    if (!(await updateOrganisation(connection, { id, settings }))) throw new AppError('not_found');
    for (const [name, value] of Object.entries(settings)) {
      if (value === undefined) continue;
      await recordAdministration(connection, {
        action: 'organisation.set',
        organisationId: id,
        subject: `${name}=${JSON.stringify(value)}`,
        reason,
      });
    }
  });
}
