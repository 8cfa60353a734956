import { randomBytes } from 'node:crypto';
import { boxPublicKey, newBoxPrivateKey } from './box-keys.ts';
import { forEachName, type KeyFolder, privateExtension } from './key-folder.ts';
import { type PairPlace, places } from './key-places.ts';
import type { RotatedKind } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { receiptJwk } from './receipt-key.ts';

export const privateBytes = 32;

/** How the halves of a kind of pair are made and written; private halves are 32 bytes. */
export interface PairKind {
  readonly publicExtension: string;
  /** Whether a public half is of use when its private one is gone: to verify, but never to seal. */
  readonly publicOutlives: boolean;
  newPrivate(): Buffer;
  publicHalf(privateHalf: Buffer): Buffer;
}

/** X25519, public half as 32 bytes. */
export const boxPair: PairKind = {
  publicExtension: '.pub',
  publicOutlives: false,
  newPrivate: newBoxPrivateKey,
  publicHalf: boxPublicKey,
};

/** Ed25519, public half as a JWK. */
export const receiptPair: PairKind = {
  publicExtension: '.jwk',
  publicOutlives: true,
  newPrivate: () => randomBytes(privateBytes),
  publicHalf: (privateHalf) => Buffer.from(`${JSON.stringify(receiptJwk(privateHalf))}\n`),
};

/** The kinds that are pairs, with where they lie. */
export const rotatedPairs: Partial<Record<RotatedKind, { place: PairPlace; kind: PairKind }>> = {
  receipt: { place: places.receipt, kind: receiptPair },
  erasure: { place: places.erasure, kind: receiptPair },
  audit: { place: places.audit, kind: receiptPair },
  webhook: { place: places.webhook, kind: boxPair },
  canary: { place: places.canary, kind: boxPair },
};

/**
 * Makes the pairs that are missing among `names`.
 *
 * All private halves are written, synced and read back before the first public half appears, so
 * that nothing can ever be sealed to a key whose private half might be lost.
 *
 * @throws {KeyStoreError} also when a public half has lost its private one: making another would
 *   leave what was sealed to it unreadable without anyone noticing
 */
export async function ensurePairs(
  files: KeyFolder,
  { place, kind, names }: { place: PairPlace; kind: PairKind; names: readonly string[] },
): Promise<void> {
  // Public halves first: one that is seen here had its private half before.
  const published = new Set(await files.list(place.publicFolder, kind.publicExtension));
  const held = new Set(await files.list(place.privateFolder, privateExtension));
  const orphans = names.filter((name) => published.has(name) && !held.has(name));
  if (orphans.length > 0) {
    throw new KeyStoreError(orphans.map((name) => orphanProblem(place, kind, name)));
  }
  const missing = names.filter((name) => !published.has(name));
  if (missing.length === 0) return;

  await files.makeFolder(place.privateFolder, 'owner');
  await files.makeFolder(place.publicFolder, 'everyone');
  const made = new Map<string, Buffer>();
  await forEachName(missing, async (name) => {
    if (held.has(name)) return;
    const bytes = kind.newPrivate();
    const path = `${place.privateFolder}/${name}${privateExtension}`;
    if (await files.create(path, bytes, 'owner')) made.set(name, bytes);
  });
  await files.sync(place.privateFolder);

  const readBack = new Map<string, Buffer>();
  await forEachName(missing, async (name) => {
    readBack.set(name, await readPrivate(files, place, name, made.get(name)));
  });
  await forEachName(missing, async (name) => {
    const path = `${place.publicFolder}/${name}${kind.publicExtension}`;
    const bytes = kind.publicHalf(readBack.get(name) as Buffer);
    if (await files.create(path, bytes, 'everyone')) return;
    if (!(await files.read(path))?.equals(bytes)) {
      throw new KeyStoreError([strangerProblem(place, kind, name)]);
    }
  });
  await files.sync(place.publicFolder);
}

/** Removes a pair, public half first, so that nobody seals to what is about to go. */
export async function destroyPair(
  files: KeyFolder,
  { place, kind, name }: { place: PairPlace; kind: PairKind; name: string },
): Promise<void> {
  await files.remove(place.publicFolder, `${name}${kind.publicExtension}`);
  await files.remove(place.privateFolder, `${name}${privateExtension}`);
}

export function orphanProblem(place: PairPlace, kind: PairKind, name: string): string {
  return `${place.publicFolder}/${name}${kind.publicExtension}: has no private half`;
}

export function strangerProblem(place: PairPlace, kind: PairKind, name: string): string {
  return `${place.publicFolder}/${name}${kind.publicExtension}: does not belong to its private half`;
}

async function readPrivate(
  files: KeyFolder,
  place: PairPlace,
  name: string,
  expected: Buffer | undefined,
): Promise<Buffer> {
  const path = `${place.privateFolder}/${name}${privateExtension}`;
  const bytes = await files.read(path);
  if (bytes?.length !== privateBytes || (expected && !bytes.equals(expected))) {
    throw new KeyStoreError([`${path}: does not read back as written`]);
  }
  return bytes;
}
