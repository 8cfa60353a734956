import { mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey } from '../../src/keys/box-keys.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { folderKeyStore, type KeyStoreOptions } from '../../src/keys/folder-key-store.ts';
import { receiptPair } from '../../src/keys/key-pairs.ts';
import { places } from '../../src/keys/key-places.ts';
import { type KeyStore, type NumberedKey, rotatedKinds } from '../../src/keys/key-store.ts';
import { createReceipts } from '../../src/keys/receipt.ts';
import { rememberingFolder } from '../../src/keys/remembering-folder.ts';
import { vaultClient } from '../../src/keys/vault-client.ts';
import { vaultKeyFolder } from '../../src/keys/vault-key-folder.ts';
import { startVaultServer } from '../support/vault-server.ts';

const organisationId = '0192f5a0-0000-7000-8000-000000000001';

/** One place that keys are held in. */
interface Driver {
  /** The store as a process that has just started opens it. */
  open(options?: KeyStoreOptions): KeyStore;
  put(path: string, bytes: Buffer): Promise<void>;
  drop(path: string): Promise<void>;
  held(path: string): Promise<Buffer>;
  names(folder: string): Promise<string[]>;
  close(): Promise<void>;
}

async function inFiles(): Promise<Driver> {
  const directory = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
  const at = (path: string) => join(directory, path);
  return {
    open: (options) => fileKeyStore(directory, options),
    async put(path, bytes) {
      await mkdir(dirname(at(path)), { recursive: true, mode: 0o700 });
      await writeFile(at(path), bytes, { mode: 0o600 });
    },
    drop: (path) => unlink(at(path)),
    held: (path) => readFile(at(path)),
    names: async (folder) => (await readdir(at(folder))).sort(),
    close: () => rm(directory, { recursive: true }),
  };
}

async function inVault(): Promise<Driver> {
  const vault = await startVaultServer();
  const token = { token: new Secret(vault.root) };
  const client = vaultClient({ origin: vault.url, token, timeoutMs: 20_000 });
  const files = vaultKeyFolder(client, { mount: 'secret', path: 'sotto/live' });
  const all = async (folder: string) => (await files.list(folder, '')).sort();
  return {
    // The clock of the process runs on, so that what it has read is asked for again.
    open: (options) => folderKeyStore(rememberingFolder(files, aClockThatRuns()), options),
    async put(path, bytes) {
      const data = { key: bytes.toString('base64') };
      await client.ask('POST', `secret/data/sotto/live/${path}`, { data });
    },
    drop: (path) => files.remove(dirname(path), path.slice(dirname(path).length + 1)),
    held: async (path) => (await files.read(path)) as Buffer,
    names: all,
    close: vault.close,
  };
}

function aClockThatRuns(): () => number {
  let nowMs = 0;
  return () => {
    nowMs += 11_000;
    return nowMs;
  };
}

describe.each([
  ['files', inFiles],
  ['Vault', inVault],
])('in %s', (_name, openDriver) => {
  let driver: Driver;
  const others: Driver[] = [];
  const anotherDriver = async () => {
    const other = await openDriver();
    others.push(other);
    return other;
  };
  beforeEach(async () => {
    driver = await openDriver();
  });
  afterEach(async () => {
    for (const one of [driver, ...others.splice(0)]) await one.close();
  });

  describe('epoch keys', () => {
    it('exist as pairs for every day of the span, across a month', async () => {
      const store = driver.open();
      await store.ensureEpochKeys({ from: '2026-12-30', days: 3 });
      const days = ['2026-12-30', '2026-12-31', '2027-01-01'];
      expect(await store.listEpochDays()).toEqual(days);
      for (const day of days) {
        const privateKey = await store.epochPrivateKey(day);
        expect(boxPublicKey(privateKey?.reveal() as Buffer)).toEqual(
          await store.epochPublicKey(day),
        );
        expect(inspect(privateKey)).toBe('[sealed]');
      }
    });

    it('are never made twice: a key that exists stays as it is', async () => {
      const store = driver.open();
      await store.ensureEpochKeys({ from: '2026-12-01', days: 2 });
      const before = await driver.held('worker/epoch/2026-12-01.key');
      await driver.open().ensureEpochKeys({ from: '2026-12-01', days: 4 });
      expect(await driver.held('worker/epoch/2026-12-01.key')).toEqual(before);
      expect(await store.listEpochDays()).toHaveLength(4);
    });

    it('appear to others as soon as they are published: absence is not remembered', async () => {
      const reader = driver.open();
      expect(await reader.epochPublicKey('2026-12-01')).toBeUndefined();
      await driver.open().ensureEpochKeys({ from: '2026-12-01', days: 1 });
      expect(await reader.epochPublicKey('2026-12-01')).toHaveLength(32);
    });

    it('are read once by whoever seals to them', async () => {
      const store = driver.open();
      await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
      const published = await store.epochPublicKey('2026-12-01');
      await driver.drop('public/epoch/2026-12-01.pub');
      expect(await store.epochPublicKey('2026-12-01')).toBe(published);
    });

    it('are gone once destroyed, with what a killed process left of their making', async () => {
      const store = driver.open();
      await store.ensureEpochKeys({ from: '2026-12-01', days: 2 });
      expect(await store.epochPublicKey('2026-12-01')).toBeDefined();
      await store.destroyEpochKey('2026-12-01');
      expect(await store.epochPublicKey('2026-12-01')).toBeUndefined();
      expect(await store.epochPrivateKey('2026-12-01')).toBeUndefined();
      expect(await driver.names('worker/epoch')).toEqual(['2026-12-02.key']);
      expect(await driver.names('public/epoch')).toEqual(['2026-12-02.pub']);
      await store.destroyEpochKey('2026-12-01');
    });

    it('publish the half that a process killed in between had not', async () => {
      const store = driver.open();
      await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
      const published = await store.epochPublicKey('2026-12-01');
      await driver.drop('public/epoch/2026-12-01.pub');
      const restarted = driver.open();
      await restarted.ensureEpochKeys({ from: '2026-12-01', days: 1 });
      expect(await restarted.epochPublicKey('2026-12-01')).toEqual(published);
    });

    it('are not replaced when a private half was lost: what was sealed to it would be too', async () => {
      const store = driver.open();
      await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
      await driver.drop('worker/epoch/2026-12-01.key');
      await expect(store.ensureEpochKeys({ from: '2026-12-01', days: 2 })).rejects.toThrow(
        'public/epoch/2026-12-01.pub: has no private half',
      );
    });

    it('for 400 days are made in one call', async () => {
      const store = driver.open();
      await store.ensureEpochKeys({ from: '2026-12-01', days: 400 });
      expect(await store.listEpochDays()).toHaveLength(400);
      expect(await driver.names('public/epoch')).toHaveLength(400);
    });

    it('are the same for processes that make them at the same moment', async () => {
      const seen = await Promise.all(
        [1, 2, 3].map(async () => {
          const store = driver.open();
          await store.ensureEpochKeys({ from: '2026-12-01', days: 20 });
          const days = await store.listEpochDays();
          const halves = await Promise.all(days.map((day) => store.epochPublicKey(day)));
          const links = (await store.ensureLinkKey()).map(({ key }) => key.reveal());
          return Buffer.concat([...halves.map((half) => half as Buffer), ...links]).toString('hex');
        }),
      );
      expect(new Set(seen).size).toBe(1);
      expect(seen[0]).toHaveLength(21 * 64);
    });
  });

  describe('view keys', () => {
    it('belong to one organisation and month, and go with destroyViewKey', async () => {
      const store = driver.open();
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
      const store = driver.open();
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
      const store = driver.open({ readBeforeUsedMs: 0 });
      expect(await store.linkKeys()).toEqual([]);
      const [link] = await store.ensureLinkKey();
      expect(link?.selector).toBe('a');
      for (const selector of ['b', 'z', 'A', '0']) {
        const bytes = Buffer.alloc(32, selector.charCodeAt(0));
        await driver.put(`link/${selector}.key`, bytes);
      }
      await driver.put('link/notes.key', Buffer.from('not a selector'));
      const keys = await store.ensureLinkKey();
      expect(keys.map(({ selector }) => selector)).toEqual(['a', 'b', 'z', 'A', '0']);
      expect(keys[0]?.key.reveal()).toEqual(link?.key.reveal());
    });

    it('count their numbers as numbers', async () => {
      const store = driver.open({ readBeforeUsedMs: 0 });
      await store.ensureCookieKey();
      for (const number of [10, 2]) {
        await driver.put(`patient/cookie/${number}.key`, Buffer.alloc(32, number));
      }
      expect((await store.cookieKeys()).map(({ id }) => id)).toEqual(['1', '2', '10']);
      expect((await store.ensureCookieKey()).at(-1)?.key.reveal()).toEqual(Buffer.alloc(32, 10));
    });

    it('of different names differ, and the newest of a name is used', async () => {
      const store = driver.open({ readBeforeUsedMs: 0 });
      const made = [
        await store.symmetricKey('source'),
        await store.symmetricKey('pepper'),
        await store.symmetricKey('callback'),
      ];
      expect(new Set(made.map((key) => key.reveal().toString('hex'))).size).toBe(3);
      expect((await store.symmetricKey('pepper')).reveal()).toEqual(made[1]?.reveal());
      await driver.put('pepper/2.key', Buffer.alloc(32, 2));
      expect((await store.symmetricKey('pepper')).reveal()).toEqual(Buffer.alloc(32, 2));
    });

    it('are used a minute after they were made, when everybody has read them', async () => {
      let turnedMs = 0;
      const store = driver.open({ nowMs: () => Date.now() + turnedMs });
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
      const [one, other] = [driver.open(), (await anotherDriver()).open()];
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
      const store = driver.open();
      await store.ensureLinkKey();
      expect((await store.addKey('link'))?.id).toBe('b');
      const revoked = await store.keptKey('link', 'b');
      await store.revokeKey('link', 'b');
      expect((await store.keptKeys('link')).map(({ id }) => id)).toEqual(['a']);
      expect(await store.revokedIds('link')).toEqual(['b']);
      expect(await store.addKey('link', revoked && { given: revoked })).toBeUndefined();
      expect((await store.addKey('link'))?.id).toBe('c');
      expect((await store.addKey('link', { after: ['e'] }))?.id).toBe('f');
    });

    it('begin after the only link key, where that was revoked', async () => {
      const store = driver.open();
      await store.ensureLinkKey();
      await store.revokeKey('link', 'a');
      expect((await store.ensureLinkKey()).map(({ selector }) => selector)).toEqual(['b']);
    });

    it('sign receipts whose public half stays published', async () => {
      const store = driver.open();
      const [key] = await store.ensureReceiptKey();
      if (!key) throw new Error('no receipt key');
      const published = await store.publishedReceiptKeys();
      expect(published).toEqual(createReceipts({ key }).jwks().keys);
      expect(published[0]?.kid).toBe(await calculateJwkThumbprint(published[0] ?? {}));
      expect(JSON.stringify(published)).not.toContain('"d"');
      expect(await store.ensureReceiptKey()).toHaveLength(1);

      await driver.drop('api/receipt/1.key');
      expect((await store.ensureReceiptKey()).map(({ id }) => id)).toEqual(['2']);
      expect(await store.publishedReceiptKeys()).toHaveLength(2);
    });

    it.each(rotatedKinds)(
      'of the kind %s are followed by others, and go for good',
      async (kind) => {
        const store = driver.open();
        const ids = kind === 'link' ? ['a', 'b', 'c'] : ['1', '2', '3'];
        const made = [await store.addKey(kind), await store.addKey(kind)];
        expect(made.map((key) => key?.id)).toEqual(ids.slice(0, 2));
        await store.removeKey(kind, ids[0] ?? '');
        expect((await store.keptKeys(kind)).map(({ id }) => id)).toEqual([ids[1]]);
        expect(await store.keptKey(kind, ids[0] ?? '')).toBeUndefined();
        expect((await store.keptKey(kind, ids[1] ?? ''))?.key.reveal()).toEqual(
          made[1]?.key.reveal(),
        );
        expect((await store.addKey(kind))?.id).toBe(ids[2]);
      },
    );

    it.each(['receipt', 'erasure'] as const)(
      'for receipts (%s) that were revoked are published no more, and their number is used up',
      async (kind) => {
        const store = driver.open();
        const published = () =>
          kind === 'receipt' ? store.publishedReceiptKeys() : store.publishedErasureKeys();
        const first = await store.addKey(kind);
        await store.addKey(kind);
        const both = await published();
        await store.revokeKey(kind, '1');
        expect(both).toHaveLength(2);
        expect(await published()).toEqual(both.slice(1));
        expect(await store.keptKey(kind, '1')).toBeUndefined();
        // As if whoever revoked it had died before the private half was gone.
        const left = first?.key.reveal() as Buffer;
        await driver.put(`${places[kind].privateFolder}/1.key`, left);
        const signing = async () => {
          const held = kind === 'receipt' ? store.ensureReceiptKey() : store.ensureErasureKey();
          return (await held).map(({ id }) => id);
        };
        expect(await signing()).toEqual(['2']);
        expect((await store.keptKeys(kind)).map(({ id }) => id)).toEqual(['2']);
        // As if a copy of the public folder had been put back.
        const half = receiptPair.publicHalf(left);
        await driver.put(`${places[kind].publicFolder}/1.jwk`, half);
        expect(await published()).toEqual(both.slice(1));
        expect(await store.addKey(kind, { given: first as NumberedKey })).toBeUndefined();
        await store.revokeKey(kind, '1');
        await store.revokeKey(kind, '2');
        await store.revokeKey(kind, '2');
        expect(await published()).toEqual([]);
        const [next] = await (kind === 'receipt'
          ? store.ensureReceiptKey()
          : store.ensureErasureKey());
        expect(next?.id).toBe('3');
        expect(next?.key.reveal()).not.toEqual(first?.key.reveal());
        expect((await store.addKey(kind))?.id).toBe('4');
      },
    );

    it('for passkeys that were revoked are used no more, nor when a copy is put back', async () => {
      const store = driver.open();
      const [first] = await store.symmetricKeys('passkey');
      await store.revokeKey('passkey', '1');
      await driver.put('patient/passkey/1.key', first?.key.reveal() as Buffer);
      const idsInUse = async () => (await store.symmetricKeys('passkey')).map(({ id }) => id);
      expect(await idsInUse()).toEqual(['2']);
      expect((await store.symmetricKey('passkey')).reveal()).not.toEqual(first?.key.reveal());
      expect(await store.addKey('passkey', { given: first as NumberedKey })).toBeUndefined();
      await store.revokeKey('passkey', '2');
      expect(await idsInUse()).toEqual(['3']);
      expect(await driver.names('patient/passkey')).toContain('2.revoked');
    });

    it('of links that were revoked sign nothing, nor when a copy is put back', async () => {
      const store = driver.open({ readBeforeUsedMs: 0 });
      await store.ensureLinkKey();
      const second = await store.addKey('link');
      await store.revokeKey('link', 'b');
      await driver.put('link/b.key', second?.key.reveal() as Buffer);
      expect((await store.linkKeys()).map(({ selector }) => selector)).toEqual(['a']);
    });

    it('that are too short are refused by path and rule', async () => {
      const store = driver.open();
      await driver.put('link/a.key', Buffer.from('guessable'));
      await expect(store.linkKeys()).rejects.toThrow(/^link\/a\.key: shorter than 32 bytes$/);
      await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
      await driver.put('worker/epoch/2026-12-01.key', Buffer.alloc(31));
      await expect(store.epochPrivateKey('2026-12-01')).rejects.toThrow('is not 32 bytes');
    });
  });

  describe('the key of a day that phones are counted under', () => {
    it('is made on first use, the same for everyone who makes it at once, and gone with its day', async () => {
      const days = ['2026-12-01', '2026-12-02'] as const;
      const keys = await Promise.all(
        Array.from({ length: 6 }, () => driver.open().phoneDayKey(days[0])),
      );
      const values = new Set(keys.map((key) => key.reveal().toString('hex')));
      expect([values.size, keys[0]?.reveal().length]).toEqual([1, 32]);
      const store = driver.open();
      const second = await store.phoneDayKey(days[1]);
      expect(values).not.toContain(second.reveal().toString('hex'));
      expect(await store.listPhoneDays()).toEqual(days);

      await store.destroyPhoneDayKey(days[0]);
      expect(await store.listPhoneDays()).toEqual([days[1]]);
      expect(values).not.toContain((await store.phoneDayKey(days[0])).reveal().toString('hex'));
      await expect(store.phoneDayKey('../../pepper')).rejects.toThrow('day must be');
    });
  });
});
