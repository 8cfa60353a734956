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

/** A key is neither there nor gone: nobody may use it, and it can be brought back. */
export class KeyLostError extends KeyStoreError {
  constructor(problem: string) {
    super([problem]);
    this.name = 'KeyLostError';
  }
}

/** Who holds the keys does not answer: what was read before may still be so. */
export class KeyStoreAwayError extends KeyStoreError {
  /** Nothing is answered there for now. If not: it refuses, or has been silent for too long. */
  readonly mayGoOn: boolean;

  constructor(problem: string, { mayGoOn }: { mayGoOn: boolean }) {
    super([problem]);
    this.name = 'KeyStoreAwayError';
    this.mayGoOn = mayGoOn;
  }
}
