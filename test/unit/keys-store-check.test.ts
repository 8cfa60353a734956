import { chmod, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkKeyStore } from '../../src/keys/check-key-store.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { KeyRole } from '../../src/keys/key-places.ts';
import { KeyStoreError } from '../../src/keys/key-store-error.ts';

const organisationId = '0192f5a0-0000-7000-8000-000000000001';
const roles: KeyRole[] = ['api', 'patient', 'worker', 'scheduler', 'ops'];
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
  const store = fileKeyStore(directory);
  await store.ensureEpochKeys({ from: '2026-12-01', days: 2 });
  await store.ensureViewKeys({ organisationIds: [organisationId], months: ['2026-12'] });
  await store.ensureLinkKey();
  await store.ensureReceiptKey();
  await store.ensureCookieKey();
  for (const name of ['source', 'pepper', 'callback'] as const) await store.symmetricKey(name);
});
afterEach(() => rm(directory, { recursive: true }));

const at = (path: string) => join(directory, path);

async function problems(role: KeyRole): Promise<readonly string[]> {
  try {
    await checkKeyStore(directory, role);
    return [];
  } catch (error) {
    if (error instanceof KeyStoreError) return error.message.split('\n');
    throw error;
  }
}

async function problemsByRole(): Promise<Partial<Record<KeyRole, readonly string[]>>> {
  const found: Partial<Record<KeyRole, readonly string[]>> = {};
  for (const role of roles) {
    const lines = await problems(role);
    if (lines.length > 0) found[role] = lines;
  }
  return found;
}

describe('the check at boot', () => {
  it('finds nothing wrong with a store that we made, nor with none at all', async () => {
    expect(await problemsByRole()).toEqual({});
    await expect(checkKeyStore(at('nowhere'), 'worker')).resolves.toBeUndefined();
  });

  it('names a private key that others can read, to the roles that use it', async () => {
    await chmod(at('link/a.key'), 0o640);
    const line = 'link/a.key: open to group or others; must be 0600';
    expect(await problemsByRole()).toEqual({ patient: [line], worker: [line] });
  });

  it.each(['patient', 'patient/view', `patient/view/${organisationId}`])(
    'names the folder %s when others can enter it',
    async (folder) => {
      await chmod(at(folder), 0o750);
      const line = `${folder}: open to group or others; must be 0700`;
      expect(await problemsByRole()).toEqual({ patient: [line] });
    },
  );

  it('names a key that cannot be read', async () => {
    await unlink(at('patient/cookie/1.key'));
    await symlink('1.key', at('patient/cookie/1.key'));
    expect(await problems('patient')).toEqual(['patient/cookie/1.key: cannot be read (ELOOP)']);
  });

  it('names a short key, and the same key in two places', async () => {
    await writeFile(at('callback/1.key'), Buffer.alloc(31, 1));
    await writeFile(at('link/b.key'), await readFile(at('link/a.key')), { mode: 0o600 });
    await writeFile(at('pepper/1.key'), await readFile(at('link/a.key')));
    expect(await problems('worker')).toEqual([
      'link/b.key: the same key as link/a.key',
      'pepper/1.key: the same key as link/a.key',
    ]);
    expect(await problems('api')).toEqual(['callback/1.key: shorter than 32 bytes']);
  });

  it('names a public half without its private one, to its owner alone', async () => {
    await unlink(at('worker/epoch/2026-12-02.key'));
    await unlink(at(`patient/view/${organisationId}/2026-12.key`));
    expect(await problemsByRole()).toEqual({
      worker: ['public/epoch/2026-12-02.pub: has no private half'],
      patient: [`public/view/${organisationId}/2026-12.pub: has no private half`],
    });
  });

  it('lets the public half of a retired receipt key stay, but not one of another key', async () => {
    await unlink(at('api/receipt/1.key'));
    expect(await problemsByRole()).toEqual({});
    await writeFile(at('api/receipt/1.key'), Buffer.alloc(32, 3), { mode: 0o600 });
    const line = 'public/receipt/1.jwk: does not belong to its private half';
    expect(await problemsByRole()).toEqual({ api: [line] });
  });

  it('names a public half that is not of its private one', async () => {
    await writeFile(at('public/epoch/2026-12-01.pub'), Buffer.alloc(32, 9));
    expect(await problems('worker')).toEqual([
      'public/epoch/2026-12-01.pub: does not belong to its private half',
    ]);
  });

  it('names a public folder in which others could swap keys, to every role', async () => {
    await chmod(at('public/epoch'), 0o775);
    const line = 'public/epoch: writable by group or others; must be 0755';
    expect(await problemsByRole()).toEqual(Object.fromEntries(roles.map((role) => [role, [line]])));
  });

  it.each([
    ['', 'the store itself', '0755'],
    [`public/view/${organisationId}`, `public/view/${organisationId}`, '0755'],
    ['public/epoch/2026-12-01.pub', 'public/epoch/2026-12-01.pub', '0644'],
  ])('names %s when others could put another key there', async (path, name, must) => {
    await chmod(at(path), 0o777);
    const line = `${name}: writable by group or others; must be ${must}`;
    expect(await problemsByRole()).toEqual(Object.fromEntries(roles.map((role) => [role, [line]])));
  });

  it('says everything at once, and no bytes of any key', async () => {
    await chmod(at('worker'), 0o755);
    await writeFile(at('link/b.key'), 'hunter2');
    await unlink(at('worker/epoch/2026-12-01.key'));
    const lines = await problems('worker');
    expect(lines).toEqual([
      'worker: open to group or others; must be 0700',
      'link/b.key: open to group or others; must be 0600',
      'link/b.key: shorter than 32 bytes',
      'public/epoch/2026-12-01.pub: has no private half',
    ]);
    expect(lines.join()).not.toContain('hunter2');
    expect(lines.join()).not.toContain(directory);
  });
});
