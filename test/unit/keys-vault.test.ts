import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { policiesFolder, policyFile } from '../../scripts/vault-policies.ts';
import { checkKeys } from '../../src/doctor/check-keys.ts';
import { Secret } from '../../src/domain/secret.ts';
import { checkVault } from '../../src/keys/check-vault.ts';
import { folderKeyStore } from '../../src/keys/folder-key-store.ts';
import type { KeyRole } from '../../src/keys/key-places.ts';
import { KeyStoreError } from '../../src/keys/key-store-error.ts';
import { checkedKeyStore, vaultLineFromConfig } from '../../src/keys/key-store-from-config.ts';
import { rememberingFolder } from '../../src/keys/remembering-folder.ts';
import { sealBox } from '../../src/keys/seal-box.ts';
import { vaultClient } from '../../src/keys/vault-client.ts';
import { vaultKeyFolder } from '../../src/keys/vault-key-folder.ts';
import { type VaultHolder, vaultHolders } from '../../src/keys/vault-policies.ts';
import { openEverything } from '../support/thief.ts';
import { startVaultServer, type VaultServer } from '../support/vault-server.ts';

const organisationId = '0192f5a0-0000-7000-8000-000000000001';
const place = { mount: 'secret', path: 'sotto' };
const roles: KeyRole[] = ['worker', 'patient', 'api', 'scheduler', 'ops'];
let vault: VaultServer;

beforeEach(async () => {
  vault = await startVaultServer();
});
afterEach(() => vault.close());

const policyOf = (holder: VaultHolder) => readFile(join(policiesFolder, `${holder}.hcl`), 'utf8');
const tokenOf = async (holder: VaultHolder) => vault.issue(await policyOf(holder));
const settings = (token: string) => ({
  KEYSTORE: `vault:${vault.url}/secret/sotto`,
  KEYSTORE_TOKEN: new Secret(token),
  KEYSTORE_TOKEN_FILE: undefined,
});
const startAs = async (role: KeyRole) => checkedKeyStore(settings(await tokenOf(role)), role);
/** Patient, but where it is silent: a machine that stands still is no Vault that is away. */
const clientOf = (token: string, timeoutMs = 20_000) =>
  vaultClient({ origin: vault.url, token: { token: new Secret(token) }, timeoutMs });
const folderOf = (token: string) => vaultKeyFolder(clientOf(token), place);

async function problemsOf(action: Promise<unknown>): Promise<readonly string[]> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return [];
  if (error instanceof KeyStoreError) return error.problems;
  throw error;
}

describe('the policies for Vault', () => {
  it('are those that the code wants', async () => {
    expect((await readdir(policiesFolder)).sort()).toEqual(
      vaultHolders.map((holder) => `${holder}.hcl`).sort(),
    );
    for (const holder of vaultHolders) expect(await policyOf(holder)).toBe(policyFile(holder));
  });

  it('let each role make, read and destroy what is its own, and start again', async () => {
    const worker = await startAs('worker');
    await worker.ensureEpochKeys({ from: '2026-12-01', days: 3 });
    await worker.ensureLinkKey();
    for (const name of ['pepper', 'opt-out'] as const) await worker.symmetricKeys(name);
    await worker.destroyEpochKey('2026-12-01');
    expect(await worker.listLivingDays()).toEqual(['2026-12-02', '2026-12-03']);

    const patient = await startAs('patient');
    await patient.ensureViewKeys({ organisationIds: [organisationId], months: ['2026-12'] });
    await patient.ensureViewKeys({ organisationIds: [organisationId], months: ['2027-01'] });
    await patient.destroyViewKey(organisationId, '2026-12');
    expect(await patient.ensureLinkKey()).toEqual(await worker.linkKeys());
    await patient.ensureErasureKey();
    await patient.ensureCookieKey();
    for (const name of ['source', 'code', 'portal', 'passkey'] as const)
      await patient.symmetricKey(name);
    await patient.phoneDayKey('2026-12-01');
    await patient.destroyPhoneDayKey('2026-12-01');

    const api = await startAs('api');
    await api.ensureReceiptKey();
    await api.symmetricKeys('callback');
    expect(await api.epochPublicKey('2026-12-02')).toHaveLength(32);
    expect(await api.viewPublicKey(organisationId, '2027-01')).toHaveLength(32);
    expect(await api.publishedErasureKeys()).toHaveLength(1);

    const scheduler = await startAs('scheduler');
    await scheduler.ensureWebhookKey();
    await scheduler.ensureCanaryKey();
    await scheduler.ensureAuditKey();
    await scheduler.symmetricKey('canary-credential');

    for (const role of roles) expect(await problemsOf(startAs(role)), role).toEqual([]);
  });

  it('give no role the private keys of another, nor a public half to replace', async () => {
    await (await startAs('worker')).ensureEpochKeys({ from: '2026-12-01', days: 1 });
    const api = folderOf(await tokenOf('api'));
    expect(await problemsOf(api.read('worker/epoch/2026-12-01.key'))).toEqual([
      'worker/epoch/2026-12-01.key: cannot be read (Vault forbids it to this token)',
    ]);
    expect(
      await problemsOf(api.create('public/epoch/2026-12-02.pub', Buffer.alloc(32), 'everyone')),
    ).toEqual(['public/epoch/2026-12-02.pub: cannot be created (Vault forbids it to this token)']);
    const data = { data: { key: Buffer.alloc(32).toString('base64') } };
    for (const holder of vaultHolders) {
      const overwriting = clientOf(await tokenOf(holder)).ask(
        'POST',
        'secret/data/sotto/public/epoch/2026-12-01.pub',
        data,
      );
      await expect(overwriting, holder).rejects.toThrow('Vault forbids it to this token');
    }
  });

  it('let whoever changes keys do so for each kind', async () => {
    await (await startAs('worker')).ensureLinkKey();
    const store = folderKeyStore(folderOf(await tokenOf('keys')));
    const made = await store.addKey('link');
    expect(made?.id).toBe('b');
    await store.revokeKey('link', 'a');
    expect((await store.keptKeys('link')).map(({ id }) => id)).toEqual(['b']);
    await store.checkWritable('link');
    for (const kind of ['receipt', 'webhook', 'pepper', 'cookie'] as const) {
      const { id } = (await store.addKey(kind)) ?? {};
      expect(id).toBe('1');
      await store.removeKey(kind, id ?? '');
    }
  });

  it('let the command line see which keys there are for its report, and read none', async () => {
    await (await startAs('worker')).ensureEpochKeys({ from: '2026-12-01', days: 1 });
    const patient = await startAs('patient');
    await patient.ensureViewKeys({ organisationIds: [organisationId], months: ['2026-12'] });
    const store = folderKeyStore(folderOf(await tokenOf('command-line')));
    expect(await store.listLivingDays()).toEqual(['2026-12-01']);
    expect(await store.listLivingMonths(organisationId)).toEqual(['2026-12']);
    await expect(store.epochPrivateKey('2026-12-01')).rejects.toThrow('Vault forbids it');
    await expect(store.viewPrivateKey(organisationId, '2026-12')).rejects.toThrow('forbids it');
  });
});

describe('the check at the start of a role whose keys lie in Vault', () => {
  it('says everything at once: what the token lacks, what it may do beyond, what is wrong with keys', async () => {
    const worker = await startAs('worker');
    await worker.ensureEpochKeys({ from: '2026-12-01', days: 2 });
    await worker.ensureLinkKey();
    const root = folderOf(vault.root);
    await root.remove('worker/epoch', '2026-12-02.key');
    await root.create('link/b.key', Buffer.alloc(9), 'owner');
    const policy = (await policyOf('worker')).replace('sotto/pepper', 'sotto/salt');
    const strayed = `${policy}path "secret/data/sotto/patient/code/*" { capabilities = ["read"] }
      path "secret/data/sotto/patient/view/+/*" { capabilities = ["read"] }
      path "secret/data/sotto/public/view/+/*" { capabilities = ["read", "update"] }
      path "secret/data/sotto/api/receipt/*" { capabilities = ["create", "patch"] }
      path "secret/metadata/sotto/api/receipt/*" { capabilities = ["delete"] }`;
    const found = await problemsOf(checkedKeyStore(settings(vault.issue(strayed)), 'worker'));
    expect(found).toEqual([
      'pepper: the token may not read in it, and must',
      'pepper: the token may not create in it, and must',
      'api/receipt: the token may create in it, and must not',
      'api/receipt: the token may patch in it, and must not',
      'api/receipt: the token may delete in it, and must not',
      'patient/view: the token may read in it, and must not',
      'patient/code: the token may read in it, and must not',
      'public/view: the token may update in it, and must not',
      'link/b.key: shorter than 32 bytes',
      'public/epoch/2026-12-02.pub: has no private half',
    ]);
  });

  it('refuses a token of everything: roles would not be apart', async () => {
    const found = await problemsOf(checkedKeyStore(settings(vault.root), 'api'));
    const may = (folder: string, ...rights: string[]) =>
      rights.map((right) => `${folder}: the token may ${right} in it, and must not`);
    const another = may('worker/epoch', 'read', 'create', 'update', 'patch', 'delete');
    const published = may('public/epoch', 'create', 'update', 'patch', 'delete');
    const own = may('api/receipt', 'update', 'patch', 'delete');
    expect(found).toEqual(expect.arrayContaining([...another, ...published, ...own]));
    expect(found.filter((line) => line.startsWith('api/receipt:'))).toEqual(own);
  });

  it.each([
    ['api', 'api/receipt'],
    ['api', 'public/receipt'],
    ['patient', 'patient/cookie'],
    ['worker', 'pepper'],
  ] as const)(
    'refuses a token of %s that may put another key in place of one in %s',
    async (role, folder) => {
      const policy = (await policyOf(role)).replace(
        `secret/metadata/sotto/${folder}/*" {\n  capabilities = ["list"]`,
        `secret/metadata/sotto/${folder}/*" {\n  capabilities = ["delete", "list"]`,
      );
      const found = await problemsOf(checkedKeyStore(settings(vault.issue(policy)), role));
      expect(found).toEqual([`${folder}: the token may delete in it, and must not`]);
    },
  );

  it.each([
    ['silent', 'Vault does not answer in time'],
    ['broken', 'Vault answers 500'],
    ['elsewhere', 'Vault answers that it is elsewhere'],
    ['no-vault', 'what answers is not Vault'],
  ] as const)(
    'names the cause where Vault is %s, once, and repeats nothing from outside',
    async (way, why) => {
      const token = await tokenOf('api');
      vault.behave(way);
      const address = { origin: vault.url, ...place };
      const found = await problemsOf(checkVault({ client: clientOf(token, 200), address }, 'api'));
      expect(found).toEqual([`secret: cannot be looked at (${why})`]);
    },
  );

  it('names the cause where Vault is sealed, gone, forbids, or has another kind of mount', async () => {
    const token = await tokenOf('api');
    const found = async (given: string) => problemsOf(checkedKeyStore(settings(given), 'api'));
    vault.seal(true);
    expect(await found(token)).toEqual([
      'secret: cannot be looked at (Vault is sealed, or in maintenance)',
    ]);
    vault.seal(false);
    expect(await found('no-such-token')).toEqual([
      'secret: cannot be looked at (Vault forbids it to this token)',
    ]);
    await vault.close();
    expect((await found(token)).join()).toMatch(
      /^secret: cannot be looked at \(Vault cannot be reached, [A-Z_]+\)$/,
    );
    vault = await startVaultServer({ version: '1' });
    expect(await found(await tokenOf('api'))).toEqual(['secret: is no KV version 2 of Vault']);
  });
});

describe('a key in Vault', () => {
  it('is gone with all its versions when it is destroyed', async () => {
    const worker = await startAs('worker');
    await worker.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    expect([...vault.secrets.keys()].sort()).toEqual([
      'sotto/public/epoch/2026-12-01.pub',
      'sotto/worker/epoch/2026-12-01.key',
    ]);
    await worker.destroyEpochKey('2026-12-01');
    expect([...vault.secrets.keys()]).toEqual([]);
  });

  it('that was destroyed opens nothing for a thief of all that Vault holds', async () => {
    const worker = await startAs('worker');
    await worker.ensureEpochKeys({ from: '2026-12-01', days: 2 });
    const sealedTo = async (day: string) =>
      sealBox((await worker.epochPublicKey(day)) as Buffer, Buffer.from(`of ${day}`));
    const values = [
      { where: 'first', bytes: await sealedTo('2026-12-01') },
      { where: 'second', bytes: await sealedTo('2026-12-02') },
    ];
    const stolen = () =>
      [...vault.secrets].flatMap(([where, { versions }]) =>
        versions.map(({ data }) => {
          const bytes = Buffer.from((data as { key: string }).key, 'base64');
          return { where, bytes };
        }),
      );
    expect(openEverything({ values, keys: stolen() }).places).toEqual(['first', 'second']);
    await worker.destroyEpochKey('2026-12-01');
    expect(openEverything({ values, keys: stolen() }).places).toEqual(['second']);
  });

  it('is never overwritten, whoever comes second and whatever they may', async () => {
    const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    for (const token of [vault.root, await tokenOf('worker')]) {
      const folder = folderOf(token);
      await folder.create('link/a.key', one, 'owner');
      expect(await folder.create('link/a.key', other, 'owner')).toBe(false);
      expect(await folder.read('link/a.key')).toEqual(one);
    }
    expect(vault.secrets.get('sotto/link/a.key')?.versions).toHaveLength(1);
  });

  it('that somebody deleted so that it can come back is told of, and not made anew', async () => {
    const folder = folderOf(vault.root);
    await folder.create('link/a.key', Buffer.alloc(32, 1), 'owner');
    await clientOf(vault.root).ask('DELETE', 'secret/data/sotto/link/a.key');
    const line =
      'link/a.key: is deleted in Vault, but not gone: undelete it, or delete its metadata';
    expect(await problemsOf(folderKeyStore(folder).ensureLinkKey())).toEqual([line]);
  });

  it('that somebody deleted so is left out by a process that runs, which says so once', async () => {
    const said: string[] = [];
    const worker = await checkedKeyStore(settings(await tokenOf('worker')), 'worker', {
      warn: (phrase) => void said.push(phrase),
    });
    const held = await worker.ensureLinkKey();
    await worker.symmetricKeys('pepper');
    for (const [folder, id] of [
      ['link', 'b'],
      ['pepper', '2'],
    ] as const) {
      await folderOf(vault.root).create(`${folder}/${id}.key`, Buffer.alloc(32, 2), 'owner');
      await clientOf(vault.root).ask('DELETE', `secret/data/sotto/${folder}/${id}.key`);
    }
    for (let times = 0; times < 2; times += 1) expect(await worker.linkKeys()).toEqual(held);
    expect(said).toEqual(['a key is deleted in Vault, but not gone']);
    // Whoever said stop under it would be forgotten.
    await expect(worker.symmetricKeys('pepper')).rejects.toThrow('pepper/2.key: is deleted');
  });

  it('is not kept where Vault would delete it by itself', async () => {
    vault.deleteVersionAfter(true);
    expect(
      await problemsOf(folderOf(vault.root).create('link/a.key', Buffer.alloc(32), 'owner')),
    ).toEqual([
      'link/a.key: Vault would delete it by itself: set delete_version_after of the mount to 0',
    ]);
    expect(vault.secrets.size).toBe(0);
  });

  it('cannot be made or removed while nobody answers, and nothing pretends so', async () => {
    const store = folderKeyStore(rememberingFolder(folderOf(await tokenOf('worker'))));
    await store.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    vault.seal(true);
    await expect(store.ensureEpochKeys({ from: '2026-12-01', days: 2 })).rejects.toThrow(
      'Vault is sealed',
    );
    await expect(store.destroyEpochKey('2026-12-01')).rejects.toThrow('Vault is sealed');
    vault.seal(false);
    expect(await store.epochPrivateKey('2026-12-01')).toBeDefined();
    expect(await store.listEpochDays()).toEqual(['2026-12-01']);
  });
});

describe('while Vault is away', () => {
  let nowMs = 0;
  const openedWith = (token: string, timeoutMs?: number) =>
    folderKeyStore(
      rememberingFolder(vaultKeyFolder(clientOf(token, timeoutMs), place), () => nowMs),
    );
  const opened = async (role: 'worker' | 'patient' | 'api', timeoutMs?: number) =>
    openedWith(await tokenOf(role), timeoutMs);

  it('keys that are open stay usable, and others count as missing', async () => {
    const worker = await opened('worker');
    await worker.ensureEpochKeys({ from: '2026-12-01', days: 2 });
    const [link] = await worker.ensureLinkKey();
    const held = await worker.epochPrivateKey('2026-12-01');
    const [pepper] = await worker.symmetricKeys('pepper');
    const other = await opened('worker');
    const api = await opened('api');
    const half = await api.epochPublicKey('2026-12-01');
    for (const away of [() => vault.seal(true), () => vault.behave('broken')]) {
      away();
      nowMs += 60_000;
      expect(await worker.epochPrivateKey('2026-12-01')).toEqual(held);
      expect(await worker.linkKeys()).toEqual([link]);
      expect(await worker.symmetricKeys('pepper')).toEqual([pepper]);
      expect(await api.epochPublicKey('2026-12-01')).toBe(half);
      expect(await api.epochPublicKey('2026-12-02')).toBeUndefined();
      await expect(other.epochPrivateKey('2026-12-02')).rejects.toThrow('Vault');
    }
    vault.seal(false);
    vault.behave('well');
    expect(await api.epochPublicKey('2026-12-02')).toHaveLength(32);
  });

  it('keys that are open are not kept for longer than half a day', async () => {
    const worker = await opened('worker');
    await worker.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    await worker.epochPrivateKey('2026-12-01');
    vault.seal(true);
    nowMs += 12 * 3_600_000 + 1;
    await expect(worker.epochPrivateKey('2026-12-01')).rejects.toThrow('Vault is sealed');
  });

  it('keys leave the memory after half a day, though nobody asks for them', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      const worker = await opened('worker');
      await worker.ensureEpochKeys({ from: '2026-12-01', days: 1 });
      await worker.epochPrivateKey('2026-12-01');
      const readAtMs = nowMs;
      vault.seal(true);
      nowMs += 12 * 3_600_000;
      vi.advanceTimersByTime(60_000);
      // Were it there still, at this age it would be answered.
      nowMs = readAtMs;
      await expect(worker.epochPrivateKey('2026-12-01')).rejects.toThrow('Vault is sealed');
    } finally {
      vi.useRealTimers();
    }
  });

  it('a key that was destroyed elsewhere leaves the memory within an hour, though nobody asks for it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      const one = folderKeyStore(folderOf(await tokenOf('worker')));
      await one.ensureEpochKeys({ from: '2026-12-01', days: 2 });
      const other = await opened('worker');
      for (const day of ['2026-12-01', '2026-12-02']) await other.epochPrivateKey(day);
      const readAtMs = nowMs;
      await one.destroyEpochKey('2026-12-01');
      const asked = vault.asked.length;
      nowMs += 3_600_000;
      vi.advanceTimersByTime(60_000);
      await expect.poll(() => vault.asked.slice(asked).length).toBeGreaterThanOrEqual(2);
      // Were it there still, at this age it would be answered, as the other one is.
      nowMs = readAtMs;
      vault.seal(true);
      await expect.poll(() => other.epochPrivateKey('2026-12-02')).toBeDefined();
      await expect(other.epochPrivateKey('2026-12-01')).rejects.toThrow('Vault is sealed');
    } finally {
      vi.useRealTimers();
    }
  });

  it('a token that was taken away ends what is remembered, at once and for all keys', async () => {
    const token = await tokenOf('worker');
    const worker = openedWith(token);
    await worker.ensureEpochKeys({ from: '2026-12-01', days: 2 });
    for (const day of ['2026-12-01', '2026-12-02']) await worker.epochPrivateKey(day);
    await worker.ensureLinkKey();
    vault.revoke(token);
    nowMs += 10_001;
    await expect(worker.epochPrivateKey('2026-12-01')).rejects.toThrow('Vault forbids it');
    vault.seal(true);
    for (const lost of [worker.epochPrivateKey('2026-12-02'), worker.linkKeys()]) {
      await expect(lost).rejects.toThrow('Vault');
    }
  });

  it('an answer of 400 that is no mismatch makes, keeps and removes nothing', async () => {
    const folder = folderOf(await tokenOf('keys'));
    await folder.create('link/a.key', Buffer.alloc(32, 1), 'owner');
    vault.behave('upgrading');
    for (const act of [
      () => folder.create('link/b.key', Buffer.alloc(32, 2), 'owner'),
      () => folder.create('link/a.revoked', Buffer.alloc(0), 'owner'),
      () => folder.remove('link', 'a.key'),
      () => folder.read('link/a.key'),
    ]) {
      expect((await problemsOf(act())).join()).toMatch(/Vault answers 400/);
    }
    vault.behave('well');
    expect([...vault.secrets.keys()]).toEqual(['sotto/link/a.key']);
  });

  it('it is not waited for each time', async () => {
    const worker = await opened('worker', 500);
    await worker.ensureLinkKey();
    vault.behave('silent');
    nowMs += 60_000;
    await worker.linkKeys();
    const asked = vault.asked.length;
    for (let times = 0; times < 20; times += 1) await worker.linkKeys();
    expect(vault.asked.length).toBe(asked);
    nowMs += 5_001;
    vault.behave('well');
    await worker.linkKeys();
    expect(vault.asked.length).toBeGreaterThan(asked);
  });

  it('a key that was destroyed elsewhere is gone within ten seconds, once it answers', async () => {
    const [one, other] = [await opened('worker'), await opened('worker')];
    await one.ensureEpochKeys({ from: '2026-12-01', days: 1 });
    expect(await other.epochPrivateKey('2026-12-01')).toBeDefined();
    await one.destroyEpochKey('2026-12-01');
    expect(await one.epochPrivateKey('2026-12-01')).toBeUndefined();
    nowMs += 10_001;
    expect(await other.epochPrivateKey('2026-12-01')).toBeUndefined();
    vault.seal(true);
    nowMs += 1;
    await expect(other.epochPrivateKey('2026-12-01')).rejects.toThrow('Vault is sealed');
  });

  it('a token that is forbidden one thing holds up nothing else', async () => {
    const api = await opened('api');
    await api.ensureReceiptKey();
    await expect(api.linkKeys()).rejects.toThrow('link: cannot be listed (Vault forbids it');
    nowMs += 10_001;
    const asked = vault.asked.length;
    await api.receiptKeys();
    expect(vault.asked.length).toBeGreaterThan(asked);
  });
});

describe('the token for Vault', () => {
  it('is read anew from its file, and told of when that cannot be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sotto-token-'));
    try {
      const file = join(folder, 'token');
      const given = { ...settings(''), KEYSTORE_TOKEN: undefined, KEYSTORE_TOKEN_FILE: file };
      const check = () => problemsOf(checkedKeyStore(given, 'ops'));
      const why = async () => (await check()).join();
      expect(await why()).toContain('KEYSTORE_TOKEN_FILE cannot be read, ENOENT');
      await writeFile(file, 'two words');
      expect(await why()).toContain('KEYSTORE_TOKEN_FILE holds no token');
      const first = await tokenOf('ops');
      await writeFile(file, `${first}\n`);
      expect(await check()).toEqual([]);
      vault.revoke(first);
      expect(await why()).toContain('Vault forbids it to this token');
      await writeFile(file, await tokenOf('ops'));
      expect(await check()).toEqual([]);
      expect(vault.asked).not.toContain('POST auth/token/renew-self');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is renewed once an hour where it is ours to renew', async () => {
    let nowMs = 0;
    const token = { token: new Secret(await tokenOf('ops')) };
    const client = vaultClient({ origin: vault.url, token, nowMs: () => nowMs, timeoutMs: 20_000 });
    const renewals = () => vault.asked.filter((one) => one.endsWith('renew-self')).length;
    const list = () => vaultKeyFolder(client, place).list('public', '');
    await list();
    await list();
    await expect.poll(renewals).toBe(1);
    nowMs = 3_600_000;
    await list();
    await expect.poll(renewals).toBe(2);
  });

  it('and the bytes of keys stand in no problem and no address', async () => {
    const token = await tokenOf('worker');
    const worker = await checkedKeyStore(settings(token), 'worker');
    const [link] = await worker.ensureLinkKey();
    const bytes = link?.key.reveal().toString('base64') ?? '';
    expect(vault.traffic()).toContain(bytes);
    vault.behave('broken');
    const said = [
      ...(await problemsOf(checkedKeyStore(settings(token), 'worker'))),
      ...(await problemsOf(worker.ensureEpochKeys({ from: '2026-12-01', days: 1 }))),
      ...vault.asked,
    ].join();
    for (const secret of [token, bytes, 'internal error with a secret'])
      expect(said).not.toContain(secret);
  });
});

describe('what is told of Vault', () => {
  const now = Temporal.Instant.from('2026-12-01T08:00:00Z');
  const lineOf = (token: string) => vaultLineFromConfig(settings(token), 'api')?.();
  const findingOf = async (token: string) => {
    const found = await checkKeys({ settings: settings(token), organisationIds: [], now });
    return found.find(({ check }) => check === 'vault');
  };

  it('at /readyz is whether it answers, when the token ends, and whether that is its role’s', async () => {
    const token = vault.issue(await policyOf('api'), { ttlS: 900 });
    expect(await lineOf(token)).toEqual({ ok: true, isNeeded: false, endsInS: 900 });
    expect(await lineOf(await tokenOf('worker'))).toMatchObject({ ok: false, reason: 'token' });
    vault.revoke(token);
    expect(await lineOf(token)).toMatchObject({ ok: false, reason: 'token' });
    vault.seal(true);
    expect(await lineOf(token)).toEqual({ ok: false, isNeeded: false, reason: 'away' });
  });

  it('by the doctor is that too, and the names of its policies', async () => {
    const policy = await policyOf('api');
    const issue = (ttlS: number, ...names: string[]) => vault.issue(policy, { ttlS, names });
    expect(await findingOf(issue(3_600, 'default', 'sotto-api'))).toEqual({
      check: 'vault',
      severity: 'fine',
      text: 'Vault answers. The token lives until 2026-12-01T09:00Z, with the policy sotto-api.',
    });
    expect(await findingOf(issue(60, 'sotto-api'))).toMatchObject({ severity: 'warning' });
    expect(await findingOf(issue(3_600, 'sotto-api', 'a "b"'))).toMatchObject({
      severity: 'warning',
      text: expect.stringContaining('with the policies sotto-api, ?.'),
    });
    vault.seal(true);
    expect(await findingOf(issue(3_600, 'sotto-api'))).toMatchObject({
      severity: 'problem',
      text: 'Vault is sealed, or in maintenance.',
    });
  });
});
