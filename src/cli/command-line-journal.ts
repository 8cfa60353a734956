import type { Config } from '../../config/env.ts';
import { type Journal, openJournal } from '../journal/journal.ts';

/** Opened when it is written, since what cannot be opened must not keep a key or a user alive. */
export function commandLineJournal({ JOURNAL }: Config): Pick<Journal, 'append'> {
  return {
    async append(entry) {
      const journal = await openJournal(JOURNAL, 'command-line');
      await journal.append(entry).finally(() => journal.close());
    },
  };
}

/** What is to be done by hand where the journal does not have it. */
export function tellUnjournaled(done: string, again: string): void {
  console.error(
    `${done}, but JOURNAL could not be written: after a restore of the database, ${again}.`,
  );
}
