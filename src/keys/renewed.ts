import { KeyStoreAwayError, KeyStoreError } from './key-store-error.ts';

/** Something made of keys, and made anew every few seconds from those that are in the store then. */
export interface Renewed<T> {
  /** @throws {KeyStoreError} when it was given up */
  current(): T;
  isGivenUp(): boolean;
  /** @throws {KeyStoreError} for keys that cannot be read; what was made before stays, unless it is given up */
  renew(): Promise<void>;
}

/**
 * It is given up when no key is left in the store, when that refuses the keys, or has not answered for so
 * long that none is remembered; and comes back with the keys.
 *
 * @param read undefined where there is no key
 */
export function createRenewed<T extends object>(
  first: T | undefined,
  read: () => Promise<T | undefined>,
): Renewed<T> {
  let held = first;
  return {
    current() {
      if (held) return held;
      throw new KeyStoreError([
        'what holds the keys has none any more, refuses them, or has long been silent',
      ]);
    },
    isGivenUp: () => held === undefined,
    async renew() {
      try {
        held = await read();
      } catch (error) {
        if (error instanceof KeyStoreAwayError && !error.mayGoOn) held = undefined;
        throw error;
      }
    },
  };
}
