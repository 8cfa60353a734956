import type { Journal, JournalEntry } from '../journal/journal.ts';

/**
 * Writes an entry of something that is done already, and that must not wait for the journal.
 *
 * @returns whether the journal has it; if not, it is to be done again after a restore
 */
export async function tryJournal(
  journal: Pick<Journal, 'append'>,
  entry: JournalEntry,
): Promise<{ isJournaled: boolean }> {
  return journal.append(entry).then(
    () => ({ isJournaled: true }),
    () => ({ isJournaled: false }),
  );
}
