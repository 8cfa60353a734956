import { randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import { type KeyFolder, privateExtension } from './key-folder.ts';
import { ensurePairs, privateBytes, rotatedPairs } from './key-pairs.ts';
import { places, rotatedFolders } from './key-places.ts';
import type { AddedKey, NumberedKey, RotatedKind } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { revokedIn } from './revoked-keys.ts';

/** In the order in which they are used. */
const selectors = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * Makes another key of a kind beside those that are there, or keeps one that was made elsewhere. Of pairs
 * both halves are made here, by whoever holds the private ones.
 *
 * @returns undefined for one given whose id another key has, or whose selector was revoked
 */
export async function addKey(
  files: KeyFolder,
  kind: RotatedKind,
  { given, after = [] }: AddedKey,
): Promise<NumberedKey | undefined> {
  const folder = rotatedFolders[kind];
  if (kind === 'link' && given && (await revokedSelectorsIn(files)).includes(given.id)) {
    return undefined;
  }
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
      ...(await revokedSelectorsIn(files)),
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
  const numbers = used.map(Number).filter(Number.isSafeInteger);
  return String(Math.max(0, ...numbers) + 1);
}

function selectorAfter(used: readonly string[]): string {
  // -1 of none leads to the first.
  const next = selectors.charAt(Math.max(-1, ...used.map((one) => selectors.indexOf(one))) + 1);
  if (next) return next;
  throw new KeyStoreError([`${places.link}: has used every selector there is`]);
}

/** The selector of the first link key of a store, by its marks alone: two makers come to the same one. */
export async function firstSelectorIn(files: KeyFolder): Promise<string> {
  return selectorAfter(await revokedSelectorsIn(files));
}

/** Selectors of the link keys there are, in the order in which they are used up. */
export async function selectorsIn(files: KeyFolder): Promise<string[]> {
  return inOrder(await files.list(places.link, privateExtension));
}

/** Selectors whose keys were revoked here. */
export async function revokedSelectorsIn(files: KeyFolder): Promise<string[]> {
  return inOrder(await revokedIn(files, places.link));
}

function inOrder(names: readonly string[]): string[] {
  return names
    .filter((selector) => selector.length === 1 && selectors.includes(selector))
    .sort((one, other) => selectors.indexOf(one) - selectors.indexOf(other));
}
