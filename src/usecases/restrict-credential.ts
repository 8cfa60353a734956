import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { lockCredential } from '../store/credential-list.ts';
import { updateNetworks } from '../store/credential-writes.ts';

/**
 * Says where a credential may be used from, from the next request on.
 *
 * @param input.networks CIDR; null: from anywhere
 * @returns as it is stored
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function restrictCredential(
  { adminUrl }: { adminUrl: Secret<string> },
  { credentialId, networks }: { credentialId: string; networks: readonly string[] | null },
): Promise<{ networks: readonly string[] | null }> {
  return administer(adminUrl, async (connection) => {
    if (!(await lockCredential(connection, credentialId))) throw new AppError('not_found');
    await updateNetworks(connection, { credentialId, networks });
    const after = await lockCredential(connection, credentialId);
    if (!after) throw new AppError('not_found');
    await recordAdministration(connection, {
      action: 'credential.networks',
      organisationId: after.organisationId,
      subject: `${credentialId} ${after.networks?.join(',') ?? 'any'}`,
    });
    return { networks: after.networks };
  });
}
