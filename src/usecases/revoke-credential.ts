import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { markRevoked } from '../store/credential-writes.ts';

/**
 * Revokes a credential: the next request made with it is refused.
 *
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function revokeCredential(
  { adminUrl }: { adminUrl: Secret<string> },
  { credentialId }: { credentialId: string },
): Promise<void> {
  await administer(adminUrl, async (connection) => {
    const organisationId = await markRevoked(connection, credentialId);
    if (organisationId === undefined) throw new AppError('not_found');
    await recordAdministration(connection, {
      action: 'credential.revoke',
      organisationId,
      subject: credentialId,
    });
  });
}
