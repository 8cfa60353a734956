import { execFile } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey } from '../../src/keys/box-keys.ts';
import { fileKeyStore, keyStoreFolder } from '../../src/keys/file-key-store.ts';
import { createReceipts } from '../../src/keys/receipt.ts';

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
  it('exist as pairs for every day of the span, across a month', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-30', days: 3 });
    const days = ['2026-12-30', '2026-12-31', '2027-01-01'];
    expect(await store.listEpochDays()).toEqual(days);
    for (const day of days) {
      const privateKey = await store.epochPrivateKey(day);
      expect(boxPublicKey(privateKey?.reveal() as Buffer)).toEqual(await store.epochPublicKey(day));
      expect(inspect(privateKey)).toBe('[sealed]');
    }
  });

  it('are never made twice: a key that exists stays as it is', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 2 });
    const before = await readFile(at('worker/epoch/2026-12-01.key'));
    await fileKeyStore(directory).ensureEpochKeys({ from: '2026-12-01', days: 4 });
    expect(await readFile(at('worker/epoch/2026-12-01.key'))).toEqual(before);
    expect(await store.listEpochDays()).toHaveLength(4);
  });

  it('appear to others as soon as they are published: absence is not remembered', async () => {
    const reader = fileKeyStore(directory);
    expect(await reader.epochPublicKey('2026-12-01')).toBeUndefined();
    await fileKeyStore(directory).ensureEpochKeys({ from: '2026-12-01', days: 1 });
    expect(await reader.epochPublicKey('2026-12-01')).toHaveLength(32);
  });

  it('are read once by whoever seals to them', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    const published = await store.epochPublicKey('2026-12-01');
    await unlink(at('public/epoch/2026-12-01.pub'));
    expect(await store.epochPublicKey('2026-12-01')).toBe(published);
  });

  it('are gone once destroyed, with what a killed process left of their making', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 2 });
    expect(await store.epochPublicKey('2026-12-01')).toBeDefined();
    await writeFile(at('worker/epoch/.2026-12-01.key.left'), Buffer.alloc(32));
    await store.destroyEpochKey('2026-12-01');
    expect(await store.epochPublicKey('2026-12-01')).toBeUndefined();
    expect(await store.epochPrivateKey('2026-12-01')).toBeUndefined();
    expect(await names('worker/epoch')).toEqual(['2026-12-02.key']);
    expect(await names('public/epoch')).toEqual(['2026-12-02.pub']);
    await store.destroyEpochKey('2026-12-01');
  });

  it('publish the half that a process killed in between had not', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    const published = await store.epochPublicKey('2026-12-01');
    await unlink(at('public/epoch/2026-12-01.pub'));
    const restarted = fileKeyStore(directory);
    await restarted.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    expect(await restarted.epochPublicKey('2026-12-01')).toEqual(published);
  });

  it('are not replaced when a private half was lost: what was sealed to it would be too', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    await unlink(at('worker/epoch/2026-12-01.key'));
    await expect(store.ensureEpochKeys({ from: '2026-12-01', days: 2 })).rejects.toThrow(
      'public/epoch/2026-12-01.pub: has no private half',
    );
  });

  it('for 400 days are made in one call', async () => {
    const store = fileKeyStore(directory);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 400 });
    expect(await store.listEpochDays()).toHaveLength(400);
    expect(await names('public/epoch')).toHaveLength(400);
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

describe('view keys', () => {
  it('belong to one organisation and month, and go with destroyViewKey', async () => {
    const store = fileKeyStore(directory);
    const other = organisationId.replace(/1$/, '2');
    const months = ['2026-12', '2027-01'];
    await store.ensureViewKeys({ organisationIds: [organisationId, other], months });
    const one = await store.viewPublicKey(organisationId, '2026-12');
    expect(one).not.toEqual(await store.viewPublicKey(other, '2026-12'));
    const privateKey = await store.viewPrivateKey(organisationId, '2026-12');
    expect(boxPublicKey(privateKey?.reveal() as Buffer)).toEqual(one);

    await store.destroyViewKey(organisationId, '2026-12');
    expect(await store.viewPrivateKey(organisationId, '2026-12')).toBeUndefined();
    expect(await store.viewPublicKey(organisationId, '2026-12')).toBeUndefined();
    expect(await store.listViewMonths(organisationId)).toEqual(['2027-01']);
    expect(await store.listViewMonths(other)).toEqual(months);
  });

  it('lead to no other folder, whatever the names', async () => {
    const store = fileKeyStore(directory);
    for (const name of ['../../worker', '..', '', 'A'.repeat(36)]) {
      const look = async () => store.viewPublicKey(name, '2026-12');
      await expect(look()).rejects.toThrow('organisation id must be a lower-case UUID');
    }
    for (const name of ['../2026-12', '2026-12-01', '2026-12\n']) {
      const look = async () => store.viewPublicKey(organisationId, name);
      await expect(look()).rejects.toThrow('month must be YYYY-MM');
    }
    const look = async () => store.epochPublicKey('../2026-12-01');
    await expect(look()).rejects.toThrow('day must be YYYY-MM-DD');
  });
});

describe('keys of a role', () => {
  it('are made once and read back the same, oldest first', async () => {
    const store = fileKeyStore(directory, { readBeforeUsedMs: 0 });
    expect(await store.linkKeys()).toEqual([]);
    const [link] = await store.ensureLinkKey();
    expect(link?.selector).toBe('a');
    for (const selector of ['b', 'z', 'A', '0']) {
      const bytes = Buffer.alloc(32, selector.charCodeAt(0));
      await writeFile(at(`link/${selector}.key`), bytes, { mode: 0o600 });
    }
    await writeFile(at('link/notes.key'), 'not a selector');
    const keys = await store.ensureLinkKey();
    expect(keys.map(({ selector }) => selector)).toEqual(['a', 'b', 'z', 'A', '0']);
    expect(keys[0]?.key.reveal()).toEqual(link?.key.reveal());
  });

  it('count their numbers as numbers', async () => {
    const store = fileKeyStore(directory, { readBeforeUsedMs: 0 });
    await store.ensureCookieKey();
    for (const number of [10, 2]) {
      await writeFile(at(`patient/cookie/${number}.key`), Buffer.alloc(32, number));
    }
    expect((await store.cookieKeys()).map(({ id }) => id)).toEqual(['1', '2', '10']);
    expect((await store.ensureCookieKey()).at(-1)?.key.reveal()).toEqual(Buffer.alloc(32, 10));
  });

  it('of different names differ, and the newest of a name is used', async () => {
    const store = fileKeyStore(directory, { readBeforeUsedMs: 0 });
    const made = [
      await store.symmetricKey('source'),
      await store.symmetricKey('pepper'),
      await store.symmetricKey('callback'),
    ];
    expect(new Set(made.map((key) => key.reveal().toString('hex'))).size).toBe(3);
    expect((await store.symmetricKey('pepper')).reveal()).toEqual(made[1]?.reveal());
    await writeFile(at('pepper/2.key'), Buffer.alloc(32, 2));
    expect((await store.symmetricKey('pepper')).reveal()).toEqual(Buffer.alloc(32, 2));
  });

  it('are used a minute after they were made, when everybody has read them', async () => {
    let turnedMs = 0;
    const store = fileKeyStore(directory, { nowMs: () => Date.now() + turnedMs });
    const [first] = await store.symmetricKeys('pepper');
    const second = await store.addKey('pepper');
    const inUse = async () => (await store.symmetricKeys('pepper')).map(({ id }) => id);
    expect(await inUse()).toEqual(['2', '1']);
    expect((await store.symmetricKey('pepper')).reveal()).toEqual(first?.key.reveal());
    turnedMs = 61_000;
    expect(await inUse()).toEqual(['1', '2']);
    expect((await store.symmetricKey('pepper')).reveal()).toEqual(second?.key.reveal());
  });

  it('of another store are kept under the same name, or not at all', async () => {
    const [one, other] = [fileKeyStore(at('one')), fileKeyStore(at('other'))];
    await one.addKey('link');
    const made = await one.addKey('link');
    expect(made?.id).toBe('b');
    expect((await other.addKey('link', made && { given: made }))?.key.reveal()).toEqual(
      made?.key.reveal(),
    );
    const strange = { id: 'b', key: new Secret(Buffer.alloc(32, 7)) };
    expect(await other.addKey('link', { given: strange })).toBeUndefined();
    expect((await other.keptKeys('link')).map(({ id }) => id)).toEqual(['b']);
  });

  it('give no selector out again that was revoked: every link under it would be dead', async () => {
    const store = fileKeyStore(directory);
    await store.ensureLinkKey();
    expect((await store.addKey('link'))?.id).toBe('b');
    const revoked = await store.keptKey('link', 'b');
    await store.revokeLinkKey('b');
    expect((await store.keptKeys('link')).map(({ id }) => id)).toEqual(['a']);
    expect(await store.revokedSelectors()).toEqual(['b']);
    expect(await modeOf('link/b.revoked')).toBe(0o600);
    expect(await store.addKey('link', revoked && { given: revoked })).toBeUndefined();
    expect((await store.addKey('link'))?.id).toBe('c');
    expect((await store.addKey('link', { after: ['e'] }))?.id).toBe('f');
  });

  it('begin after the only link key, where that was revoked', async () => {
    const store = fileKeyStore(directory);
    await store.ensureLinkKey();
    await store.revokeLinkKey('a');
    expect((await store.ensureLinkKey()).map(({ selector }) => selector)).toEqual(['b']);
  });

  it('sign receipts whose public half stays published', async () => {
    const store = fileKeyStore(directory);
    const [key] = await store.ensureReceiptKey();
    if (!key) throw new Error('no receipt key');
    const published = await store.publishedReceiptKeys();
    expect(published).toEqual(createReceipts({ key }).jwks().keys);
    expect(published[0]?.kid).toBe(await calculateJwkThumbprint(published[0] ?? {}));
    expect(JSON.stringify(published)).not.toContain('"d"');
    expect(await store.ensureReceiptKey()).toHaveLength(1);

    await unlink(at('api/receipt/1.key'));
    expect((await store.ensureReceiptKey()).map(({ id }) => id)).toEqual(['2']);
    expect(await store.publishedReceiptKeys()).toHaveLength(2);
  });

  it('that are too short are refused by path and rule', async () => {
    const store = fileKeyStore(directory);
    await mkdir(at('link'), { mode: 0o700 });
    await writeFile(at('link/a.key'), 'guessable');
    await expect(store.linkKeys()).rejects.toThrow(/^link\/a\.key: shorter than 32 bytes$/);
    await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    await writeFile(at('worker/epoch/2026-12-01.key'), Buffer.alloc(31));
    await expect(store.epochPrivateKey('2026-12-01')).rejects.toThrow('is not 32 bytes');
  });
});

describe('the key of a day that phones are counted under', () => {
  it('is made on first use, the same for everyone who makes it at once, and gone with its day', async () => {
    const days = ['2026-12-01', '2026-12-02'] as const;
    const keys = await Promise.all(
      Array.from({ length: 6 }, () => fileKeyStore(directory).phoneDayKey(days[0])),
    );
    const values = new Set(keys.map((key) => key.reveal().toString('hex')));
    expect([values.size, keys[0]?.reveal().length]).toEqual([1, 32]);
    const store = fileKeyStore(directory);
    const second = await store.phoneDayKey(days[1]);
    expect(values).not.toContain(second.reveal().toString('hex'));
    expect(await store.listPhoneDays()).toEqual(days);
    expect(await modeOf('patient/phone-day/2026-12-01.key')).toBe(0o600);

    await store.destroyPhoneDayKey(days[0]);
    expect(await store.listPhoneDays()).toEqual([days[1]]);
    expect(values).not.toContain((await store.phoneDayKey(days[0])).reveal().toString('hex'));
    await expect(store.phoneDayKey('../../pepper')).rejects.toThrow('day must be');
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
