import { randomUUID } from 'node:crypto';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { tryJournal } from './try-journal.ts';

/** A change that another one may take back, as the journal is told of it. */
export interface JournaledChange {
  /**
   * Writes what is changed, before the COMMIT and under the lock that others wait for who change the same.
   *
   * @throws when it cannot be written
   */
  append(entry: JournalEntry): Promise<void>;
  /** The same for what must not be held up. */
  tryAppend(entry: JournalEntry): Promise<void>;
  /** Begins anew, since what was written was rolled back. */
  undo(): void;
  /** Writes, after the COMMIT, that it is done. @returns whether the journal has all of it */
  done(): Promise<{ isJournaled: boolean }>;
}

/**
 * Tells the journal of a change in two steps, so that a restored backup is given back nothing by a change that
 * was never committed. Whoever dies between COMMIT and the second step leaves it as strict as both words.
 */
export function beginChange(journal: Pick<Journal, 'append'>): JournaledChange {
  let change = randomUUID();
  let isWritten = false;
  let isMissing = false;
  const append = async (entry: JournalEntry) => {
    await journal.append({ ...entry, change } as JournalEntry);
    isWritten = true;
  };
  return {
    append,
    async tryAppend(entry) {
      await append(entry).catch(() => {
        isMissing = true;
      });
    },
    undo() {
      change = randomUUID();
      isWritten = false;
    },
    async done() {
      if (!isWritten) return { isJournaled: !isMissing };
      const { isJournaled } = await tryJournal(journal, { kind: 'done', change });
      return { isJournaled: isJournaled && !isMissing };
    },
  };
}
