import type { Mode } from './channel.ts';

/**
 * What became of doubts, counted from the events that tell of them: each that was made was settled by
 * proof, sent once more, held, answered, or ended, or is still open.
 */
export interface DoubtBooks {
  readonly made: number;
  /** Proven to have gone out. */
  readonly sent: number;
  readonly resent: number;
  readonly held: number;
  /** A late word of the provider: refused, or lost and gone on by the other channel. */
  readonly answered: number;
  readonly ended: number;
  readonly open: number;
}

/** What monitoring is told of doubts, and of what providers keep. */
export interface DoubtMeasures {
  readonly books: DoubtBooks;
  /** Still in doubt with half of their time gone. */
  readonly late: readonly { readonly mode: Mode; readonly count: number }[];
  /** Reminders of which more than one copy is proven to have gone out. */
  readonly duplicated: number;
  /** Messages that a provider was asked to delete and still keeps. */
  readonly copiesKept: number;
  readonly oldestCopyAgeS: number;
}

/** How many doubts the books do not account for: anything but 0 is a fault of ours. */
export function unaccountedDoubts(books: DoubtBooks): number {
  const { made, sent, resent, held, answered, ended, open } = books;
  return made - (sent + resent + held + answered + ended + open);
}
