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
