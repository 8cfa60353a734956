import type { Secret } from '../domain/secret.ts';
import { keptBriefly } from '../keys/kept-briefly.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { suppressionIndexes } from '../keys/suppression-index.ts';
import type { Database } from '../store/database.ts';
import { findSuppressedIndexes } from '../store/suppressions.ts';

/** No stop is kept under a new pepper for far longer than this. */
const freshMs = 1_000;

/**
 * A look-up of contact points that said stop, under every pepper there is, so that a new one forgets
 * nobody. Peppers are read again once a second: a worker looks up dozens of times in one.
 *
 * @returns the ids of the reminders that must not be sent
 */
export function createSuppressionLookup({
  database,
  keys,
}: {
  database: Pick<Database, 'query'>;
  keys: Pick<KeyStore, 'symmetricKeys'>;
}): (
  contacts: readonly { reminderId: string; to: Secret<string> }[],
) => Promise<ReadonlySet<string>> {
  const readPeppers = keptBriefly(() => keys.symmetricKeys('pepper'), freshMs);
  return async (contacts) => {
    if (contacts.length === 0) return new Set();
    const peppers = await readPeppers();
    const indexed = contacts.flatMap(({ reminderId, to }) =>
      suppressionIndexes(peppers, to).map(({ index }) => ({ reminderId, index })),
    );
    const found = await findSuppressedIndexes(
      database,
      indexed.map(({ index }) => index),
    );
    const suppressed = new Set(found.map((index) => index.toString('hex')));
    return new Set(
      indexed
        .filter(({ index }) => suppressed.has(index.toString('hex')))
        .map(({ reminderId }) => reminderId),
    );
  };
}
