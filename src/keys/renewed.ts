import { KeyStoreAwayError, KeyStoreError } from './key-store-error.ts';

/** Something made of keys, and made anew every few seconds from those that are in the store then. */
export interface Renewed<T> {
  /** @throws {KeyStoreError} when it was given up */
  current(): T;
  isGivenUp(): boolean;
  /** @throws {KeyStoreError} for keys that cannot be read; what was made before stays, unless it is given up */
  renew(): Promise<void>;
}

/** It is given up when the store refuses the keys, or has not answered for so long that none is remembered. */
export function createRenewed<T>(first: T, read: () => Promise<T>): Renewed<T> {
  let held: { readonly made: T } | undefined = { made: first };
  return {
    current() {
      if (held) return held.made;
      throw new KeyStoreError(['what holds the keys refuses them, or has long been silent']);
    },
    isGivenUp: () => held === undefined,
    async renew() {
      try {
        held = { made: await read() };
      } catch (error) {
        if (error instanceof KeyStoreAwayError && !error.mayGoOn) held = undefined;
        throw error;
      }
    },
  };
}
