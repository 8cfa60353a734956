import type { Journal, JournalEntry } from '../journal/journal.ts';

/**
 * Writes an entry of something that must not be held up by a journal that cannot be written: what takes a
 * right away is done all the same.
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
