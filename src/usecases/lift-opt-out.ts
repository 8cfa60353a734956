import { emailForm, phoneForm } from '../domain/contact-point.ts';
import { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { suppressionIndexes } from '../keys/suppression-index.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { deleteSuppressions } from '../store/suppressions.ts';
import { beginChange } from './begin-change.ts';
import { liftedEntry } from './record-opt-out.ts';

/**
 * Takes back the stop of somebody who asked for messages again, with a line in the audit that names
 * no contact.
 *
 * @param contact a phone number or an email address, as it is written
 * @returns whether they had said stop, and whether the journal has that it is taken back
 */
export async function liftOptOut(
  {
    adminUrl,
    keys,
    journal,
  }: {
    adminUrl: Secret<string>;
    keys: Pick<KeyStore, 'symmetricKeys'>;
    journal: Pick<Journal, 'append'>;
  },
  { contact, reason }: { contact: Secret<string>; reason: string },
): Promise<{ wasStopped: boolean; isJournaled: boolean }> {
  const written = contact.reveal();
  const form = written.includes('@') ? emailForm(written) : phoneForm(written);
  const indexes = suppressionIndexes(await keys.symmetricKeys('pepper'), new Secret(form));
  const change = beginChange(journal);
  const wasStopped = await administer(adminUrl, async (connection) => {
    const lifted = await deleteSuppressions(connection, {
      indexes: indexes.map(({ index }) => index),
    });
    for (const one of lifted) await change.append(liftedEntry(one));
    for (const { channel, source } of lifted) {
      const subject = `channel=${channel} source=${source}`;
      await recordAdministration(connection, { action: 'opt_out.lift', subject, reason });
    }
    // The pepper was used all the same: who tries out contacts with it leaves a line for each.
    if (lifted.length === 0) {
      const subject = 'nobody had said stop';
      await recordAdministration(connection, { action: 'opt_out.lift', subject, reason });
    }
    return lifted.length > 0;
  });
  return { wasStopped, ...(await change.done()) };
}
