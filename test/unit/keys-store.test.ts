import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boxPublicKey } from '../../src/keys/box-keys.ts';
import { fileKeyStore, keyStoreFolder } from '../../src/keys/file-key-store.ts';

const organisationId = '0192f5a0-0000-7000-8000-000000000001';
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

const at = (path: string) => join(directory, path);
const modeOf = async (path: string) => (await stat(at(path))).mode & 0o777;
const names = async (path: string) => (await readdir(at(path))).sort();

describe('epoch keys', () => {
  it('are gone once destroyed, with what a killed process left of their making', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 2 });
    await writeFile(at('worker/epoch/.2026-12-01.key.left'), Buffer.alloc(32));
    await store.destroyEpochKey('2026-12-01');
    expect(await names('worker/epoch')).toEqual(['2026-12-02.key']);
  });

  it('are the same for processes that make them at the same moment', async () => {
    const script = `
      import { fileKeyStore } from '${join(import.meta.dirname, '../../src/keys/file-key-store.ts')}';
      const store = fileKeyStore(process.argv[1]);
      await store.ensureEpochKeys({ from: '2026-12-01', days: 60 });
      await store.ensureLinkKey();
      await store.symmetricKey('pepper');
      const seen = [];
      for (const day of await store.listEpochDays()) seen.push(await store.epochPublicKey(day));
      for (const { key } of await store.linkKeys()) seen.push(key.reveal());
      seen.push((await store.symmetricKey('pepper')).reveal());
      process.stdout.write(Buffer.concat(seen).toString('hex'));
    `;
    const run = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, directory]);
    const outputs = await Promise.all([run(), run(), run()]);
    const [first] = outputs;
    expect(first?.stdout).toHaveLength(62 * 64);
    for (const { stdout } of outputs) expect(stdout).toBe(first?.stdout);
    const store = fileKeyStore(directory);
    for (const day of await store.listEpochDays()) {
      const privateKey = (await store.epochPrivateKey(day))?.reveal() as Buffer;
      expect(boxPublicKey(privateKey)).toEqual(await store.epochPublicKey(day));
    }
    expect(await names('worker/epoch')).toHaveLength(60); // nothing half made is left
  });
});

describe('files of the store', () => {
  it('are for their owner alone unless public, whatever the umask', async () => {
    await rm(directory, { recursive: true });
    const store = fileKeyStore(directory);
    const umask = process.umask(0o000);
    try {
      await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
      process.umask(0o077);
      await store.ensureViewKeys({ organisationIds: [organisationId], months: ['2026-12'] });
      await store.ensureReceiptKey();
    } finally {
      process.umask(umask);
    }
    expect(await modeOf('.'), 'the store itself').toBe(0o755);
    for (const folder of ['worker', 'worker/epoch', 'patient', 'patient/view', 'api/receipt']) {
      expect(await modeOf(folder), folder).toBe(0o700);
    }
    for (const folder of ['public', 'public/epoch', 'public/view', `public/view/${organisationId}`])
      expect(await modeOf(folder), folder).toBe(0o755);
    expect(await modeOf('worker/epoch/2026-12-01.key')).toBe(0o600);
    expect(await modeOf(`patient/view/${organisationId}/2026-12.key`)).toBe(0o600);
    expect(await modeOf('public/epoch/2026-12-01.pub')).toBe(0o644);
    expect(await modeOf('public/receipt/1.jwk')).toBe(0o644);
  });

  it('that cannot be read or written are named relative to the store', async () => {
    const store = fileKeyStore(directory);
    await mkdir(at('public/epoch/2026-12-01.pub'), { recursive: true });
    await expect(store.epochPublicKey('2026-12-01')).rejects.toThrow(
      /^public\/epoch\/2026-12-01\.pub: cannot be read \(EISDIR\)$/,
    );
    await writeFile(at('link'), 'a file where a folder belongs');
    await chmod(at('link'), 0o600);
    await expect(store.ensureLinkKey()).rejects.toThrow(/^link: cannot be listed \(ENOTDIR\)$/);
  });

  it('lie where KEYSTORE says', () => {
    expect(keyStoreFolder('file:.data/keys')).toBe('.data/keys');
    expect(() => keyStoreFolder('.data/keys')).toThrow('KEYSTORE must be file:DIR');
  });
});
