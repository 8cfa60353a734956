import { type KeyFolder, privateExtension } from './key-folder.ts';
import { destroyPair, receiptPair } from './key-pairs.ts';
import { places } from './key-places.ts';
import type { ReceiptKind } from './key-store.ts';

/** Marks an id whose key was revoked: no other key may ever stand under it. */
const revokedExtension = '.revoked';

/** Ids whose keys were revoked here. */
export function revokedIn(files: Pick<KeyFolder, 'list'>, folder: string): Promise<string[]> {
  return files.list(folder, revokedExtension);
}

/** Removes a link key. The mark is durable first: nothing else remembers the selector here. */
export async function revokeLinkKey(files: KeyFolder, selector: string): Promise<void> {
  await mark(files, places.link, selector);
  await files.remove(places.link, `${selector}${privateExtension}`);
}

/** Removes both halves of a key for receipts, the mark first. */
export async function revokeReceiptKey(
  files: KeyFolder,
  kind: ReceiptKind,
  id: string,
): Promise<void> {
  const place = places[kind];
  await mark(files, place.privateFolder, id);
  await destroyPair(files, { place, kind: receiptPair, name: id });
}

async function mark(files: KeyFolder, folder: string, id: string): Promise<void> {
  await files.makeFolder(folder, 'owner');
  await files.create(`${folder}/${id}${revokedExtension}`, Buffer.alloc(0), 'owner');
  await files.sync(folder);
}
