import { mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addKeyToAll, levelKeys, type Stores } from '../../src/keys/add-key-to-all.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { KeyStore, RotatedKind } from '../../src/keys/key-store.ts';

let directory: string;
let patient: KeyStore;
let worker: KeyStore;
let stores: Stores;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sotto-both-'));
  patient = fileKeyStore(at('patient'));
  worker = fileKeyStore(at('worker'));
  stores = [patient, worker];
});
afterEach(() => rm(directory, { recursive: true }));

const at = (path: string) => join(directory, path);
const idsOf = async (store: KeyStore, kind: RotatedKind) =>
  (await store.keptKeys(kind)).map(({ id }) => id);
const bytesOf = async (store: KeyStore, kind: RotatedKind, id: string) =>
  (await store.keptKey(kind, id))?.key.reveal().toString('hex');

describe('a key that two roles share', () => {
  it('is the same in both folders', async () => {
    const { id } = await addKeyToAll(stores, 'pepper');
    expect(await bytesOf(patient, 'pepper', id)).toBeDefined();
    expect(await bytesOf(worker, 'pepper', id)).toBe(await bytesOf(patient, 'pepper', id));
  });

  it('stays in neither when one cannot be written: stops under it would not be found', async () => {
    await addKeyToAll(stores, 'link');
    // Leads nowhere: empty to look at, and nobody can write there, root neither.
    await symlink(at('nowhere'), at('worker/pepper'));
    await patient.symmetricKeys('pepper');
    await expect(addKeyToAll(stores, 'pepper')).rejects.toThrow(/cannot be created/);
    expect(await idsOf(patient, 'pepper')).toEqual(['1']);
    await expect(worker.checkWritable('pepper')).rejects.toThrow(/cannot be created/);
    await unlink(at('worker/pepper'));
    await levelKeys(stores, 'pepper');
    expect((await addKeyToAll(stores, 'pepper')).id).toBe('2');
    expect(await idsOf(worker, 'pepper')).toEqual(['1', '2']);
  });

  it('reaches the folder that a rotation cut short has left without it', async () => {
    await addKeyToAll(stores, 'pepper');
    await patient.addKey('pepper');
    await worker.addKey('link');
    for (const kind of ['pepper', 'link'] as const) await levelKeys(stores, kind);
    expect(await bytesOf(worker, 'pepper', '2')).toBe(await bytesOf(patient, 'pepper', '2'));
    expect(await bytesOf(patient, 'link', 'a')).toBe(await bytesOf(worker, 'link', 'a'));
    expect(await bytesOf(worker, 'pepper', '2')).toBeDefined();
    expect(await bytesOf(patient, 'link', 'a')).toBeDefined();
  });

  it('is not made, and nothing is copied, where the folders have different ones', async () => {
    await patient.addKey('pepper');
    await patient.addKey('pepper');
    await mkdir(at('worker/pepper'), { recursive: true });
    await writeFile(at('worker/pepper/1.key'), Buffer.alloc(32, 7), { mode: 0o600 });
    await expect(levelKeys(stores, 'pepper')).rejects.toThrow(/pepper\/1: another key/);
    expect(await idsOf(worker, 'pepper')).toEqual(['1']);
  });

  it('does not come back once it was revoked in one of them, and its selector is not used again', async () => {
    for (let made = 0; made < 3; made += 1) await addKeyToAll(stores, 'link');
    await worker.revokeKey('link', 'c');
    await patient.removeKey('link', 'b');
    await levelKeys(stores, 'link', ['b']);
    expect(await idsOf(worker, 'link')).toEqual(['a', 'b']);
    await patient.removeKey('link', 'c');
    await levelKeys(stores, 'link', ['b']);
    expect(await idsOf(patient, 'link')).toEqual(['a']);
    expect((await addKeyToAll(stores, 'link')).id).toBe('d');
  });
});
