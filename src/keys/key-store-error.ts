/**
 * What is wrong with the key store, one line a problem: paths relative to the store and rules,
 * never bytes of a key.
 */
export class KeyStoreError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'KeyStoreError';
    this.problems = problems;
  }
}

/** Who holds the keys does not answer: what was read before may still be so. */
export class KeyStoreAwayError extends KeyStoreError {
  /** Nothing is answered there for now, whatever is asked. */
  readonly isSilent: boolean;

  constructor(problem: string, { isSilent }: { isSilent: boolean }) {
    super([problem]);
    this.name = 'KeyStoreAwayError';
    this.isSilent = isSilent;
  }
}
