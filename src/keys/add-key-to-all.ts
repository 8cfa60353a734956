import type { KeyStore, NumberedKey, RotatedKind } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';

type Store = Pick<KeyStore, 'keptKeys' | 'keptKey' | 'addKey' | 'removeKey' | 'revokedIds'>;

/** The stores of the roles that share a kind of key; the first makes what the others keep. */
export type Stores = readonly [Store, ...Store[]];

/**
 * Makes another key of a kind in every store, or in none: what one role signs or finds under it, the
 * others must have too.
 *
 * @param after ids that are used up, beside those that any of the stores has or had
 * @throws {KeyStoreError} as a store does
 */
export async function addKeyToAll(
  [first, ...others]: Stores,
  kind: RotatedKind,
  after: readonly string[] = [],
): Promise<NumberedKey> {
  const used = [...after];
  for (const store of [first, ...others]) used.push(...(await usedIds(store, kind)));
  const made = await first.addKey(kind, { after: used });
  if (!made) throw new KeyStoreError([`${kind}: no key was made`]);
  const touched: Store[] = [first];
  try {
    for (const store of others) {
      touched.push(store);
      if (await store.addKey(kind, { given: made })) continue;
      touched.pop(); // What stands there is not ours.
      throw new KeyStoreError([strangerProblem(kind, made.id)]);
    }
  } catch (error) {
    // Each for itself: the one that failed may fail again.
    await Promise.allSettled(touched.map((store) => store.removeKey(kind, made.id)));
    throw error;
  }
  return made;
}

/**
 * Gives every store the keys of a kind that another one has: what a rotation that was cut short left.
 *
 * @param revoked ids that must not come back
 * @throws {KeyStoreError} when two have different keys under one id; nothing was copied then
 */
export async function levelKeys(
  stores: Stores,
  kind: RotatedKind,
  revoked: readonly string[] = [],
): Promise<void> {
  const gone = new Set(revoked);
  const known = new Map<string, NumberedKey>();
  const held = new Map<Store, Set<string>>();
  for (const store of stores) {
    for (const id of await store.revokedIds(kind)) gone.add(id);
    const ids = (await store.keptKeys(kind)).map(({ id }) => id);
    held.set(store, new Set(ids));
    for (const id of ids) {
      const key = await store.keptKey(kind, id);
      if (!key) continue;
      const same = known.get(id) ?? key;
      if (!same.key.reveal().equals(key.key.reveal())) {
        throw new KeyStoreError([strangerProblem(kind, id)]);
      }
      known.set(id, same);
    }
  }
  for (const [store, ids] of held) {
    for (const [id, given] of known) {
      if (!gone.has(id) && !ids.has(id)) await store.addKey(kind, { given });
    }
  }
}

async function usedIds(store: Store, kind: RotatedKind): Promise<string[]> {
  const kept = (await store.keptKeys(kind)).map(({ id }) => id);
  return [...kept, ...(await store.revokedIds(kind))];
}

const strangerProblem = (kind: RotatedKind, id: string) =>
  `${kind}/${id}: another key in the other folder, the two have not the same keys`;
