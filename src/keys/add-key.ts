import { randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import { type KeyFolder, privateExtension } from './key-folder.ts';
import { ensurePairs, privateBytes, rotatedPairs } from './key-pairs.ts';
import { places, rotatedFolders } from './key-places.ts';
import type { AddedKey, NumberedKey, RotatedKind } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { numberAfter } from './make-keys.ts';
import { livingIn, revokedIn } from './revoked-keys.ts';

/** In the order in which they are used. */
const selectors = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * Makes another key of a kind beside those that are there, or keeps one that was made elsewhere. Of pairs
 * both halves are made here, by whoever holds the private ones.
 *
 * @returns undefined for one given whose id another key has, or was revoked
 */
export async function addKey(
  files: KeyFolder,
  kind: RotatedKind,
  { given, after = [] }: AddedKey,
): Promise<NumberedKey | undefined> {
  const folder = rotatedFolders[kind];
  if (given && (await revokedIn(files, folder)).includes(given.id)) return undefined;
  const id = given?.id ?? (await unusedId(files, kind, after));
  const pair = rotatedPairs[kind];
  if (pair) {
    await ensurePairs(files, { ...pair, names: [id] });
  } else {
    const fresh = given?.key.reveal() ?? randomBytes(privateBytes);
    await files.makeFolder(folder, 'owner');
    await files.create(`${folder}/${id}${privateExtension}`, fresh, 'owner');
    await files.sync(folder);
  }
  const bytes = await files.read(`${folder}/${id}${privateExtension}`);
  if (!bytes) throw new KeyStoreError([`${folder}/${id}${privateExtension}: was removed at once`]);
  if (given && !given.key.reveal().equals(bytes)) return undefined;
  return { id, key: new Secret(bytes) };
}

/** Names that were published or revoked count too: no two keys have had one name. */
async function unusedId(
  files: KeyFolder,
  kind: RotatedKind,
  after: readonly string[],
): Promise<string> {
  if (kind === 'link') {
    return selectorAfter([
      ...(await selectorsIn(files)),
      ...(await revokedIn(files, places.link)),
      ...after,
    ]);
  }
  const pair = rotatedPairs[kind];
  const used = [
    ...(await files.list(rotatedFolders[kind], privateExtension)),
    ...(pair ? await files.list(pair.place.publicFolder, pair.kind.publicExtension) : []),
    ...(await revokedIn(files, rotatedFolders[kind])),
    ...after,
  ];
  return numberAfter(used);
}

/** The selector that follows those used up. */
export function selectorAfter(used: readonly string[]): string {
  // -1 of none leads to the first.
  const next = selectors.charAt(Math.max(-1, ...used.map((one) => selectors.indexOf(one))) + 1);
  if (next) return next;
  throw new KeyStoreError([`${places.link}: has used every selector there is`]);
}

/** Selectors of the link keys that were not revoked, in the order in which they are used up. */
export async function selectorsIn(files: KeyFolder): Promise<string[]> {
  return (await livingIn(files, places.link, privateExtension))
    .filter((selector) => selector.length === 1 && selectors.includes(selector))
    .sort((one, other) => selectors.indexOf(one) - selectors.indexOf(other));
}
