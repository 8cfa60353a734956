import { randomBytes } from 'node:crypto';
import { type KeyFolder, privateExtension } from './key-folder.ts';
import { ensurePairs, type PairKind, privateBytes } from './key-pairs.ts';
import type { PairPlace } from './key-places.ts';
import { livingIn, revokedIn } from './revoked-keys.ts';

/** Makes the first key of a folder unless it holds one. Its name follows from the marks alone: two makers
 * come to the same one. */
export async function ensureFirst(
  files: KeyFolder,
  folder: string,
  firstAfter: (revoked: readonly string[]) => string = numberAfter,
): Promise<void> {
  if ((await livingIn(files, folder, privateExtension)).length > 0) return;
  await ensureNamed(files, folder, firstAfter(await revokedIn(files, folder)));
}

/** The number that follows those used up. */
export function numberAfter(used: readonly string[]): string {
  const numbers = used.map(Number).filter(Number.isSafeInteger);
  return String(Math.max(0, ...numbers) + 1);
}

/** Makes a key unless it is there. */
export async function ensureNamed(files: KeyFolder, folder: string, name: string): Promise<void> {
  if (await files.read(`${folder}/${name}${privateExtension}`)) return;
  await files.makeFolder(folder, 'owner');
  await files.create(`${folder}/${name}${privateExtension}`, randomBytes(privateBytes), 'owner');
  await files.sync(folder);
}

/**
 * Makes the first pair of a place unless it holds one. A number that was published or revoked is another
 * key's, and what is left of a revoked pair is not published again.
 */
export async function ensureFirstPair(
  files: KeyFolder,
  place: PairPlace,
  kind: PairKind,
): Promise<void> {
  const published = await files.list(place.publicFolder, kind.publicExtension);
  const revoked = await revokedIn(files, place.privateFolder);
  const living = await livingIn(files, place.privateFolder, privateExtension);
  const names = living.length > 0 ? living : [numberAfter([...published, ...revoked])];
  await ensurePairs(files, { place, kind, names });
}
