import type { JWK } from 'jose';
import { Secret } from '../domain/secret.ts';
import { type KeyFolder, privateExtension } from './key-folder.ts';
import { privateBytes, receiptPair } from './key-pairs.ts';
import type { PairPlace } from './key-places.ts';
import type { NumberedKey } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { livingIn } from './revoked-keys.ts';

/** Keys of these names, in this order; one removed meanwhile is left out. */
export async function readKeys(
  files: KeyFolder,
  folder: string,
  names: readonly string[],
): Promise<NumberedKey[]> {
  const keys = await Promise.all(
    names.map(async (id) => {
      const path = `${folder}/${id}${privateExtension}`;
      const bytes = await files.read(path);
      if (bytes && bytes.length < privateBytes) {
        throw new KeyStoreError([`${path}: shorter than ${privateBytes} bytes`]);
      }
      return bytes ? [{ id, key: new Secret(bytes) }] : [];
    }),
  );
  return keys.flat();
}

/** The private half of a pair. */
export async function readPrivate(
  files: KeyFolder,
  place: PairPlace,
  name: string,
): Promise<Secret<Buffer> | undefined> {
  const bytes = await readHalf(files, `${place.privateFolder}/${name}${privateExtension}`);
  return bytes && new Secret(bytes);
}

/** A half of a pair, public or private. */
export async function readHalf(files: KeyFolder, path: string): Promise<Buffer | undefined> {
  const bytes = await files.read(path);
  if (bytes && bytes.length !== privateBytes) {
    throw new KeyStoreError([`${path}: is not ${privateBytes} bytes`]);
  }
  return bytes;
}

/** Every public half of a place that was not revoked, as it was published. */
export async function publishedKeys(files: KeyFolder, { publicFolder }: PairPlace): Promise<JWK[]> {
  const names = await livingIn(files, publicFolder, receiptPair.publicExtension);
  const jwks = await Promise.all(
    names.sort().map((name) => files.read(`${publicFolder}/${name}${receiptPair.publicExtension}`)),
  );
  return jwks.flatMap((bytes) => (bytes ? [JSON.parse(bytes.toString('utf8')) as JWK] : []));
}
