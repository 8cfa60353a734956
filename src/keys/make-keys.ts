import { randomBytes } from 'node:crypto';
import { type KeyFolder, privateExtension } from './key-folder.ts';
import { ensurePairs, type PairKind, privateBytes } from './key-pairs.ts';
import type { PairPlace } from './key-places.ts';
import { revokedIn } from './revoked-keys.ts';

/** Makes the first key of a folder unless it holds one. */
export async function ensureFirst(files: KeyFolder, folder: string, name: string): Promise<void> {
  if ((await files.list(folder, privateExtension)).length === 0) {
    await ensureNamed(files, folder, name);
  }
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
  const held = await files.list(place.privateFolder, privateExtension);
  const revoked = await revokedIn(files, place.privateFolder);
  const unused = String(Math.max(0, ...[...published, ...revoked].map(Number)) + 1);
  const living = held.filter((name) => !revoked.includes(name));
  await ensurePairs(files, { place, kind, names: living.length > 0 ? living : [unused] });
}
