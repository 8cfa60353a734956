import { type Audience, type KeyFolder, privateExtension } from './key-folder.ts';
import { destroyPair, rotatedPairs } from './key-pairs.ts';
import { rotatedFolders } from './key-places.ts';
import type { RevocableKind } from './key-store.ts';

/** Marks an id whose key was revoked: no other key may ever stand under it, nor that one again. */
const revokedExtension = '.revoked';

/** Ids whose keys were revoked here. */
export function revokedIn(files: Pick<KeyFolder, 'list'>, folder: string): Promise<string[]> {
  return files.list(folder, revokedExtension);
}

/**
 * Names in a folder whose keys were not revoked there. What bears a mark is nobody's: it was left by a
 * revocation that was cut short, or came back with a copy of the folder.
 */
export async function livingIn(
  files: Pick<KeyFolder, 'list'>,
  folder: string,
  extension: string,
): Promise<string[]> {
  const all = await files.list(folder, '');
  const names = new Set(all);
  return all
    .filter((name) => name.endsWith(extension))
    .map((name) => name.slice(0, name.length - extension.length))
    .filter((name) => !names.has(`${name}${revokedExtension}`));
}

/**
 * Removes a key for good. The marks are durable first, in the public folder too: copies of it that are
 * kept elsewhere get the mark, and publish the key no more.
 */
export async function revokeKey(files: KeyFolder, kind: RevocableKind, id: string): Promise<void> {
  const folder = rotatedFolders[kind];
  const pair = rotatedPairs[kind];
  await mark(files, { folder, id, audience: 'owner' });
  if (!pair) return files.remove(folder, `${id}${privateExtension}`);
  await mark(files, { folder: pair.place.publicFolder, id, audience: 'everyone' });
  await destroyPair(files, { ...pair, name: id });
}

async function mark(
  files: KeyFolder,
  { folder, id, audience }: { folder: string; id: string; audience: Audience },
): Promise<void> {
  await files.makeFolder(folder, audience);
  await files.create(`${folder}/${id}${revokedExtension}`, Buffer.alloc(0), audience);
  await files.sync(folder);
}
