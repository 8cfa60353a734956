import type { HighWaterMark } from '../../src/domain/database-life.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Tables } from './tables.ts';

/** What lies outside of the database, and how the database was once. */
export interface Past {
  backup: { readonly tables: Tables; readonly forget: () => void } | undefined;
  mark: HighWaterMark | undefined;
  /** Lines of the journal. */
  readonly lines: string[];
}

export function createPast(): Past {
  return { backup: undefined, mark: undefined, lines: [] };
}

export function journalOf({ lines }: Past, nowMs: () => number): Pick<Journal, 'append'> {
  return {
    async append(entry) {
      lines.push(JSON.stringify({ at: new Date(nowMs()).toISOString(), ...entry }));
    },
  };
}
