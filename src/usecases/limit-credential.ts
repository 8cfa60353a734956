import { AppError } from '../domain/errors.ts';
import type { Ceilings, Quotas } from '../domain/quota.ts';
import type { Secret } from '../domain/secret.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { lockCredential } from '../store/credential-list.ts';
import { updateQuotas } from '../store/credential-writes.ts';

/**
 * Says how much a credential may have accepted, over all organisations that it acts for, from the next
 * request on. What its organisation allows holds beside it.
 *
 * @param input.changes null: no quota of its own; what is not named stays
 * @returns as they are stored
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function limitCredential(
  { adminUrl }: { adminUrl: Secret<string> },
  { credentialId, changes }: { credentialId: string; changes: Partial<Ceilings> },
): Promise<{ quotas: Quotas }> {
  return administer(adminUrl, async (connection) => {
    const credential = await lockCredential(connection, credentialId);
    if (!credential) throw new AppError('not_found');
    const quotas: Quotas = Object.fromEntries(
      Object.entries({ ...credential.quotas, ...changes }).filter(([, count]) => count !== null),
    );
    await updateQuotas(connection, { credentialId, quotas });
    await recordAdministration(connection, {
      action: 'credential.quotas',
      organisationId: credential.organisationId,
      subject: `${credentialId} ${JSON.stringify(quotas)}`,
    });
    return { quotas };
  });
}
