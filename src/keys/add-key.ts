import { randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import { type KeyFolder, privateExtension } from './key-files.ts';
import { boxPair, ensurePairs, privateBytes, receiptPair } from './key-pairs.ts';
import { places, rotatedFolders } from './key-places.ts';
import type { NumberedKey, RotatedKind } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';

export const firstSelector = 'a';
/** In the order in which they are used. */
const selectors = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * Makes another key of a kind beside those that are there, or keeps one that was made elsewhere. Of pairs
 * both halves are made here, by whoever holds the private ones.
 *
 * @returns undefined for one given whose id another key has
 */
export async function addKey(
  files: KeyFolder,
  kind: RotatedKind,
  given: NumberedKey | undefined,
): Promise<NumberedKey | undefined> {
  const folder = rotatedFolders[kind];
  const id = given?.id ?? (await unusedId(files, kind));
  const pair = kind === 'receipt' ? receiptPair : boxPair;
  if (kind === 'receipt' || (kind === 'webhook' && !given)) {
    await ensurePairs(files, { place: places[kind], kind: pair, names: [id] });
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

/** Names that were ever published count too: no two receipt keys have had one name. */
async function unusedId(files: KeyFolder, kind: RotatedKind): Promise<string> {
  if (kind === 'link') {
    const last = (await selectorsIn(files)).at(-1);
    const next = last === undefined ? firstSelector : selectors.charAt(selectors.indexOf(last) + 1);
    if (next) return next;
    throw new KeyStoreError([`${places.link}: has used every selector there is`]);
  }
  const held = await files.list(rotatedFolders[kind], privateExtension);
  const published =
    kind === 'receipt'
      ? await files.list(places.receipt.publicFolder, receiptPair.publicExtension)
      : [];
  const numbers = [...held, ...published].map(Number).filter(Number.isSafeInteger);
  return String(Math.max(0, ...numbers) + 1);
}

/** Selectors of the link keys there are, in the order in which they are used up. */
export async function selectorsIn(files: KeyFolder): Promise<string[]> {
  return (await files.list(places.link, privateExtension))
    .filter((selector) => selector.length === 1 && selectors.includes(selector))
    .sort((one, other) => selectors.indexOf(one) - selectors.indexOf(other));
}

/** Numbers of the keys in a folder, the oldest first. */
export async function numbersIn(files: KeyFolder, folder: string): Promise<string[]> {
  return (await files.list(folder, privateExtension))
    .filter((id) => /^\d+$/.test(id))
    .sort((one, other) => Number(one) - Number(other));
}
