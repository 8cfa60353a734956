import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { markRevoked } from '../store/credential-writes.ts';
import { tryJournal } from './try-journal.ts';

/**
 * Revokes a credential: the next request made with it is refused.
 *
 * It is written to the journal too, so that a restored backup does not bring the key back. A journal
 * that cannot be written holds nothing up: a key may be in the wrong hands at this moment.
 *
 * @returns whether the journal has it; if not, do it again after a restore
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function revokeCredential(
  { adminUrl, journal }: { adminUrl: Secret<string>; journal: Pick<Journal, 'append'> },
  { credentialId, reason }: { credentialId: string; reason?: string | undefined },
): Promise<{ isJournaled: boolean }> {
  return administer(adminUrl, async (connection) => {
    const organisationId = await markRevoked(connection, credentialId);
    if (organisationId === undefined) throw new AppError('not_found');
    const journaled = await tryJournal(journal, { kind: 'credential_revocation', credentialId });
    await recordAdministration(connection, {
      action: 'credential.revoke',
      organisationId,
      subject: credentialId,
      reason,
    });
    return journaled;
  });
}
