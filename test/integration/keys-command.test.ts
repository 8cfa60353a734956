import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { policyFile } from '../../scripts/vault-policies.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sottoCommand } from '../support/sotto-command.ts';
import { startVaultServer } from '../support/vault-server.ts';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'sotto-keys-command-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const at = (name: string) => join(folder, name);
const inFolder = (name: string) => sottoCommand(database, { KEYSTORE: `file:${at(name)}` });
const audited = async () =>
  (
    await database.admin.query(
      "select action, subject from audit where action like 'key.%' order by id",
    )
  ).rows.map(({ action, subject }) => `${action} ${subject}`);

it('a pepper is rotated and retired in both folders at once', async () => {
  const [patient, worker] = [fileKeyStore(at('patient')), fileKeyStore(at('worker'))];
  await patient.addKey('pepper');
  await worker.addKey('link');
  const sotto = inFolder('patient');
  const also = ['--also', at('worker')];
  expect(await sotto('keys', 'rotate', 'pepper', ...also)).toMatchObject({ code: 0 });
  const idsOf = async (store: typeof patient) =>
    (await store.keptKeys('pepper')).map(({ id }) => id);
  expect([await idsOf(patient), await idsOf(worker)]).toEqual([
    ['1', '2'],
    ['1', '2'],
  ]);
  const newest = await sotto('keys', 'retire', 'pepper/2', ...also, '--reason', 'yearly');
  expect(newest).toMatchObject({ code: 1, errors: expect.stringContaining('It is the newest') });
  const retired = await sotto('keys', 'retire', 'pepper/1', ...also, '--reason', 'yearly');
  expect(retired).toMatchObject({ code: 0, out: 'Removed pepper/1 for good.\n' });
  expect([await idsOf(patient), await idsOf(worker)]).toEqual([['2'], ['2']]);
  expect(await audited()).toEqual(['key.rotate pepper/2', 'key.retire pepper/1']);
});

it('no key is made where the audit cannot be reached, and one is named that it may not say', async () => {
  const sotto = inFolder('unsaid');
  const unreached = sottoCommand(database, {
    ...{ KEYSTORE: `file:${at('unsaid')}`, DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/x' },
  });
  const kept = async () => (await fileKeyStore(at('unsaid')).keptKeys('pepper')).length;
  expect(await unreached('keys', 'rotate', 'pepper')).toMatchObject({ code: 1, out: '' });
  expect(await kept()).toBe(0);
  await database.admin.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no space' using errcode = '53100'; end $$;
    create trigger refuse before insert on audit for each row execute function refuse()`);
  expect(await sotto('keys', 'rotate', 'pepper')).toMatchObject({
    ...{ code: 1, out: '' },
    errors: expect.stringMatching(/^Made pepper\/1, but the audit may not say so\.\n/),
  });
  expect(await kept()).toBe(1);
  await database.admin.query('drop function refuse() cascade');
});

it('keys of one role are rotated each by its command; those that passkeys need are not retired, but revoked', async () => {
  const sotto = inFolder('patient');
  for (const kind of ['portal', 'passkey', 'erasure']) {
    for (const id of ['1', '2']) {
      const { code, out } = await sotto('keys', 'rotate', kind, '--json');
      expect([code, JSON.parse(out)]).toEqual([
        0,
        { kind, id, usedAfterSeconds: kind === 'passkey' ? 60 : 600 },
      ]);
    }
  }
  const { keys } = JSON.parse((await sotto('keys', 'list', '--json')).out);
  const old = keys.find(
    (one: { kind: string; id: string }) => one.kind === 'passkey' && one.id === '1',
  );
  expect(old.neededBy).toMatch(/^passkeys made until \d{4}-/);
  const retired = await sotto('keys', 'retire', 'passkey/1', '--reason', 'old');
  expect(retired).toMatchObject({
    code: 1,
    errors: expect.stringContaining('passkeys made until'),
  });
  const revoked = await sotto('keys', 'revoke', 'passkey/1', '--reason', 'lost laptop');
  expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('No passkey') });
  expect((await readdir(at('patient/patient/passkey'))).sort()).toEqual(['1.revoked', '2.key']);
  // Cut short, or a copy put back: it is done again.
  await writeFile(at('patient/patient/passkey/1.key'), Buffer.alloc(32, 1), { mode: 0o600 });
  const again = await sotto('keys', 'revoke', 'passkey/1', '--reason', 'lost laptop');
  expect(again).toMatchObject({ code: 0 });
  expect((await readdir(at('patient/patient/passkey'))).sort()).toEqual(['1.revoked', '2.key']);
  const erasure = await sotto('keys', 'revoke', 'erasure/1', '--reason', 'lost laptop');
  expect(erasure).toMatchObject({ code: 0, out: expect.stringContaining('erase=true') });
  expect((await readdir(at('patient/public/erasure'))).sort()).toEqual(['1.revoked', '2.jwk']);
  expect(await sotto('keys', 'retire', 'portal/1', '--reason', 'old')).toMatchObject({ code: 0 });
  expect((await audited()).at(-2)).toBe('key.revoke erasure/1');
});

it('a receipt key is revoked with its public half; the only one has a successor first', async () => {
  const api = fileKeyStore(at('api'));
  await api.ensureReceiptKey();
  const [old] = await api.publishedReceiptKeys();
  const sotto = inFolder('api');
  const unknown = await sotto('keys', 'revoke', 'receipt/7', '--reason', 'lost laptop');
  expect(unknown).toMatchObject({
    code: 1,
    errors: expect.stringContaining('Nothing was revoked'),
  });
  const revoked = await sotto('keys', 'revoke', 'receipt/1', '--reason', 'lost laptop');
  expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('verifies as ours') });
  expect((await api.receiptKeys()).map(({ id }) => id)).toEqual(['2']);
  const published = await api.publishedReceiptKeys();
  expect(published.map(({ kid }) => kid)).not.toContain(old?.kid);
  // Cut short, it is done again.
  expect(await sotto('keys', 'revoke', 'receipt/2', '--reason', 'a', '--json')).toMatchObject({
    code: 0,
    out: '{"revoked":"receipt/2"}\n',
  });
  expect((await api.receiptKeys()).map(({ id }) => id)).toEqual(['3']);
});

it('keys in Vault change by the same commands, with the policy for that', async () => {
  const vault = await startVaultServer();
  try {
    const sotto = sottoCommand(database, {
      KEYSTORE: `vault:${vault.url}/secret/sotto`,
      KEYSTORE_TOKEN: vault.issue(policyFile('keys')),
    });
    expect(await sotto('prepare-keys')).toMatchObject({ code: 0 });
    expect(await sotto('keys', 'rotate', 'link')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Made link/b'),
    });
    expect(await sotto('keys', 'rotate', 'link', '--also', folder)).toMatchObject({
      code: 2,
      errors: expect.stringContaining('leave --also out'),
    });
    const { keys } = JSON.parse((await sotto('keys', 'list', '--json')).out);
    expect(keys.map(({ kind, id }: { kind: string; id: string }) => `${kind}/${id}`)).toEqual([
      ...['link/a', 'link/b', 'pepper/1', 'opt-out/1'],
    ]);
    await fetch(`${vault.url}/v1/secret/data/sotto/link/b.key`, {
      ...{ method: 'DELETE', headers: { 'x-vault-token': vault.root } },
    });
    const listed = await sotto('keys', 'list');
    expect(listed.code).toBe(0);
    expect(listed.out).toMatch(
      /link\/a +\d{4}-.* yes .*\nlink\/b +deleted, not gone +no .*\npepper\/1 .*\nopt-out\/1 .*\nDeleted, not gone: undelete it in Vault/,
    );
    const left = JSON.parse((await sotto('keys', 'list', '--json')).out).keys;
    expect(left.map(({ lost }: { lost: boolean }) => lost)).toEqual([false, true, false, false]);
    for (const [id, why] of [
      ['a', 'It is the newest'],
      ['b', 'undelete it in Vault'],
    ]) {
      const retired = await sotto('keys', 'retire', `link/${id}`, '--reason', 'old');
      expect(retired).toMatchObject({ code: 1, errors: expect.stringContaining(why ?? '') });
    }
    vault.seal(true);
    const sealed = await sotto('keys', 'rotate', 'link');
    expect(sealed.code).not.toBe(0);
    expect(sealed.errors).toContain('Vault is sealed');
  } finally {
    await vault.close();
  }
});
