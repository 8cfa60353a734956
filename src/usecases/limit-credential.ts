import { AppError } from '../domain/errors.ts';
import type { Ceilings, Quotas } from '../domain/quota.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { lockCredential } from '../store/credential-list.ts';
import { updateQuotas } from '../store/credential-writes.ts';
import { beginChange } from './begin-change.ts';

/**
 * Says how much a credential may have accepted, over all organisations that it acts for, from the next
 * request on. What its organisation allows holds beside it.
 *
 * @param input.changes null: no quota of its own; what is not named stays
 * @returns as they are stored, and whether the journal has it, so that a restored backup allows no more
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function limitCredential(
  { adminUrl, journal }: { adminUrl: Secret<string>; journal: Pick<Journal, 'append'> },
  { credentialId, changes }: { credentialId: string; changes: Partial<Ceilings> },
): Promise<{ quotas: Quotas; isJournaled: boolean }> {
  const change = beginChange(journal);
  const quotas = await administer(adminUrl, async (connection) => {
    const credential = await lockCredential(connection, credentialId);
    if (!credential) throw new AppError('not_found');
    const limited: Quotas = Object.fromEntries(
      Object.entries({ ...credential.quotas, ...changes }).filter(([, count]) => count !== null),
    );
    await updateQuotas(connection, { credentialId, quotas: limited });
    const { networks } = credential;
    await change.tryAppend({ kind: 'credential_limits', credentialId, quotas: limited, networks });
    await recordAdministration(connection, {
      action: 'credential.quotas',
      organisationId: credential.organisationId,
      subject: `${credentialId} ${JSON.stringify(limited)}`,
    });
    return limited;
  });
  return { quotas, ...(await change.done()) };
}
