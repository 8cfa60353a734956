import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { lockCredential } from '../store/credential-list.ts';
import { allowOrganisations, disallowOrganisation } from '../store/credential-writes.ts';
import { listOrganisations } from '../store/organisations.ts';
import { tryJournal } from './try-journal.ts';

/**
 * Lets a credential act for one organisation more, or one less, from the next request on.
 *
 * @returns whether that changed anything, for its own organisation is always its own; and whether the
 *   journal has what was taken away
 * @throws {AppError} `not_found` when there is no such credential or organisation
 */
export async function changePlatform(
  { adminUrl, journal }: { adminUrl: Secret<string>; journal: Pick<Journal, 'append'> },
  {
    credentialId,
    organisationId,
    allow,
  }: { credentialId: string; organisationId: string; allow: boolean },
): Promise<{ changed: boolean; isJournaled: boolean }> {
  return administer(adminUrl, async (connection) => {
    const credential = await lockCredential(connection, credentialId);
    const [organisation] = await listOrganisations(connection, { id: organisationId });
    if (!credential || !organisation) throw new AppError('not_found');
    if (credential.organisationId === organisationId) return { changed: false, isJournaled: true };
    const changed = allow
      ? (await allowOrganisations(connection, {
          credentialId,
          organisationIds: [organisationId],
        })) > 0
      : await disallowOrganisation(connection, { credentialId, organisationId });
    if (!changed) return { changed, isJournaled: true };
    const entry = { kind: 'credential_disallowed', credentialId, organisationId } as const;
    const journaled = allow ? { isJournaled: true } : await tryJournal(journal, entry);
    await recordAdministration(connection, {
      action: allow ? 'credential.allow' : 'credential.disallow',
      organisationId,
      subject: credentialId,
    });
    return { changed, ...journaled };
  });
}
