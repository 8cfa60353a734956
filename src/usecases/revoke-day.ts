import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { insertRevokedDay } from '../store/revoked-keys.ts';
import { tryJournal } from './try-journal.ts';

/**
 * Notes that somebody else may have the key of a send day. From then on the worker seals anew, within a
 * minute, whatever is sealed to that day. It does not destroy the key before its time: what comes in
 * meanwhile is still sealed to it, and must open.
 *
 * @returns whether the journal has it; if not, do it again after a restore
 */
export async function revokeDay(
  { adminUrl, journal }: { adminUrl: Secret<string>; journal: Pick<Journal, 'append'> },
  { day, reason }: { day: string; reason: string },
): Promise<{ isJournaled: boolean }> {
  return administer(adminUrl, async (connection) => {
    await insertRevokedDay(connection, day);
    const journaled = await tryJournal(journal, { kind: 'day_revocation', day });
    await recordAdministration(connection, { action: 'day_key.revoke', subject: day, reason });
    return journaled;
  });
}
