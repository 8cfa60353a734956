import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { lockCredential } from '../store/credential-list.ts';
import { updateNetworks } from '../store/credential-writes.ts';
import { beginChange } from './begin-change.ts';

/**
 * Says where a credential may be used from, from the next request on.
 *
 * @param input.networks CIDR; null: from anywhere
 * @returns as it is stored, and whether the journal has it, so that a restored backup lets it in from no more
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function restrictCredential(
  { adminUrl, journal }: { adminUrl: Secret<string>; journal: Pick<Journal, 'append'> },
  { credentialId, networks }: { credentialId: string; networks: readonly string[] | null },
): Promise<{ networks: readonly string[] | null; isJournaled: boolean }> {
  const change = beginChange(journal);
  const stored = await administer(adminUrl, async (connection) => {
    if (!(await lockCredential(connection, credentialId))) throw new AppError('not_found');
    await updateNetworks(connection, { credentialId, networks });
    const after = await lockCredential(connection, credentialId);
    if (!after) throw new AppError('not_found');
    const { quotas, networks: from } = after;
    await change.tryAppend({ kind: 'credential_limits', credentialId, quotas, networks: from });
    await recordAdministration(connection, {
      action: 'credential.networks',
      organisationId: after.organisationId,
      subject: `${credentialId} ${from?.join(',') ?? 'any'}`,
    });
    return from;
  });
  return { networks: stored, ...(await change.done()) };
}
