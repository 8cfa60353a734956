import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endFrom, millisecondsFrom } from '../../src/cli/moments.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type CommandAnswer, sottoCommand } from '../support/sotto-command.ts';

const nobody = '00000000-0000-4000-8000-000000000000';
let database: TestDatabase;
let folder: string;
let sotto: (...words: string[]) => Promise<CommandAnswer>;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'sotto-key-command-'));
  sotto = sottoCommand(database, { JOURNAL: `file:${folder}/journal` });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const json = async (...words: string[]) => JSON.parse((await sotto(...words, '--json')).out);
const day = 86_400_000;

describe('sotto key', () => {
  it('makes, lists, replaces and revokes a key, and shows it once', async () => {
    const organisation = await database.createOrganisation();
    const served = await database.createOrganisation();
    const stranger = await database.createOrganisation();
    const made = await json(
      ...['key', 'create', '--organisation', organisation, '--mode', 'live'],
      ...['--name', 'Front desk', '--scopes', 'status, write', '--expires', 'P90D'],
      ...['--acts-for', `${served},${organisation}`],
    );
    expect(made.key).toMatch(/^sotto_live_/);
    const { keys } = await json('key', 'list', '--organisation', served);
    expect(keys).toEqual([
      {
        id: made.id,
        label: 'Front desk',
        organisationId: organisation,
        actsFor: [served],
        mode: 'live',
        scopes: ['write', 'status'],
        state: 'active',
        createdAt: expect.any(String),
        expiresAt: expect.any(String),
        revokedAt: null,
        lastUsedAt: null,
        replacedBy: null,
        kind: 'api_key',
        networks: null,
        publicKeys: [],
        ...{ quotas: {}, today: 0, refusedAt: null, refusedBy: null },
      },
    ]);
    expect(Date.parse(keys[0].expiresAt) - Date.parse(keys[0].createdAt)).toBeGreaterThan(
      89.9 * day,
    );
    expect(await json('key', 'list', '--organisation', stranger)).toEqual({ keys: [] });

    const rotated = await json('key', 'rotate', made.id, '--overlap', 'P2D');
    expect(rotated).toMatchObject({
      key: expect.stringMatching(/^sotto_live_/),
      old: { id: made.id },
    });
    const oldLeft = Date.parse(rotated.old.expiresAt) - Date.now();
    expect(Math.abs(oldLeft - 2 * day)).toBeLessThan(60_000);

    for (let times = 0; times < 2; times += 1) {
      const answer = await sotto('key', 'revoke', made.id, '--reason', 'laptop stolen');
      expect(answer).toEqual({ code: 0, out: `Revoked ${made.id}\n`, errors: '' });
    }
    const { out } = await sotto('key', 'list', '--organisation', organisation);
    expect(out).toMatch(
      new RegExp(`^${made.id} +Front desk +revoked +secret +live +write,status `, 'm'),
    );
    expect(out).toMatch(
      new RegExp(`^${rotated.id} +Front desk +active .*${organisation},${served}$`, 'm'),
    );
    for (const { key } of [made, rotated]) expect(out).not.toContain(key.slice(-20));
    expect(await sotto('key', 'rotate', made.id)).toMatchObject({ code: 1, out: '' });

    const { rows } = await database.admin.query(
      'select action, subject, reason from audit where organisation_id = $1 order by id',
      [organisation],
    );
    expect(rows).toEqual([
      { action: 'credential.create', subject: made.id, reason: null },
      { action: 'credential.create', subject: rotated.id, reason: null },
      { action: 'credential.rotate', subject: made.id, reason: `replaced by ${rotated.id}` },
      { action: 'credential.revoke', subject: made.id, reason: 'laptop stolen' },
      { action: 'credential.revoke', subject: made.id, reason: 'laptop stolen' },
    ]);
    const journal = await readFile(join(folder, 'journal', 'command-line.ndjson'), 'utf8');
    expect(
      journal
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { kind: 'credential_end', credentialId: made.id, endsAt: expect.any(String) },
      { kind: 'done' },
      { kind: 'credential_revocation', credentialId: made.id },
      { kind: 'credential_revocation', credentialId: made.id },
    ]);
  });

  it('gives a key quotas of its own, which its successor has too, and shows where it was stopped', async () => {
    const organisation = await database.createOrganisation();
    const { id } = await json('key', 'create', '--organisation', organisation, '--mode', 'live');
    const bounds = ['--appointments-per-hour', '40', '--numbers-per-hour=50'];
    expect(await json('key', 'limit', id, ...bounds)).toEqual({
      ...{ id, quotas: { appointmentsPerHour: 40, numbersPerHour: 50 } },
    });
    const told = await sotto('key', 'limit', id, '--appointments-per-hour=none');
    expect(told.out).toContain('--numbers-per-hour 50.');
    for (const wrong of ['0', '-1', '1e3', '50001', '']) {
      const answer = await sotto('key', 'limit', id, `--numbers-per-hour=${wrong}`);
      expect(answer).toMatchObject({ code: 2, out: '' });
      expect(answer.errors).toContain('--numbers-per-hour must be a whole number from 1 to 50000');
    }
    await json('key', 'rotate', id);
    await database.admin.query(
      `insert into credential_usage (organisation_id, credential_id, mode, process_id, hour,
         appointments, refused_at, refused_by)
       values ($1, $2, 'live', gen_random_uuid(), date_trunc('hour', now()), 7, now(), 'numbersPerHour')`,
      [organisation, id],
    );
    const { keys } = await json('key', 'list', '--organisation', organisation);
    expect(keys).toMatchObject([
      { id, quotas: { numbersPerHour: 50 }, today: 7, refusedBy: 'numbersPerHour' },
      { quotas: { numbersPerHour: 50 }, today: 0, refusedAt: null },
    ]);
    const { rows } = await database.admin.query(
      `select subject from audit where action = 'credential.quotas' and organisation_id = $1 order by id`,
      [organisation],
    );
    expect(rows.map(({ subject }) => subject)).toEqual([
      `${id} {"appointmentsPerHour":40,"numbersPerHour":50}`,
      `${id} {"numbersPerHour":50}`,
    ]);
  });

  it('revokes though the journal cannot be written, and says so', async () => {
    const organisation = await database.createOrganisation();
    const made = await json('key', 'create', '--organisation', organisation, '--mode', 'test');
    const file = join(folder, 'no-folder');
    await writeFile(file, '');
    const answer = await sottoCommand(database, { JOURNAL: `file:${file}` })(
      'key',
      'revoke',
      made.id,
    );
    expect(answer).toMatchObject({ code: 1, out: `Revoked ${made.id}\n` });
    expect(answer.errors).toContain('after a restore of the database, revoke it again');
    const { keys } = await json('key', 'list', '--organisation', organisation);
    expect(keys).toMatchObject([{ state: 'revoked' }]);
  });

  it('lets a key act for an organisation, until it no longer may', async () => {
    const [organisation, served] = [
      await database.createOrganisation(),
      await database.createOrganisation(),
    ];
    const { id } = await json('key', 'create', '--organisation', organisation, '--mode', 'test');
    const words = [id, '--organisation', served];
    expect(await sotto('key', 'allow', ...words)).toMatchObject({ out: 'It may act for it.\n' });
    expect(await json('key', 'allow', ...words)).toEqual({
      id,
      organisation: served,
      changed: false,
    });
    expect(await json('key', 'disallow', ...words)).toMatchObject({ changed: true });
  });

  it('registers keys that sign, says what to sign with, and takes them away', async () => {
    const organisation = await database.createOrganisation();
    const files = ['first', 'second', 'third'].map((name) => join(folder, `${name}.pem`));
    for (const file of files) {
      const { publicKey } = generateKeyPairSync('ed25519');
      await writeFile(file, publicKey.export({ type: 'spki', format: 'pem' }));
    }
    const [first = '', second = '', third = ''] = files;
    const made = await json(
      ...['key', 'register', '--organisation', organisation, '--mode', 'live'],
      ...['--public-key', first, '--from', '192.0.2.7, 2001:db8::1/32'],
    );
    expect(made).toEqual({
      id: expect.any(String),
      thumbprint: expect.stringMatching(/^[\w-]{43}$/),
      algorithm: 'EdDSA',
    });
    const { out } = await sotto('key', 'add', made.id, '--public-key', second);
    const kid = /^kid ([\w-]{43})$/m.exec(out)?.[1];
    expect(out).toBe(`Registered. To sign with:\niss ${made.id}\nkid ${kid}\nalg EdDSA\n`);
    expect(await sotto('key', 'add', made.id, '--public-key', third)).toMatchObject({
      ...{ code: 1, errors: 'It has two keys. Take one away first: key remove.\n' },
    });
    expect(await json('key', 'list', '--organisation', organisation)).toMatchObject({
      keys: [
        {
          kind: 'public_key',
          networks: expect.arrayContaining(['192.0.2.7/32', '2001:db8::/32']),
          publicKeys: [{ thumbprint: made.thumbprint, algorithm: 'EdDSA' }, { thumbprint: kid }],
        },
      ],
    });
    const remove = ['key', 'remove', made.id, '--thumbprint', made.thumbprint];
    expect(await json(...remove)).toMatchObject({ removed: true });
    expect(await sotto(...remove)).toMatchObject({ code: 1 });
    expect((await sotto('key', 'rotate', made.id)).errors).toMatch(/^This one signs with/);
    expect(await json('key', 'restrict', made.id, '--from', 'any')).toEqual({
      ...{ id: made.id, networks: null },
    });
  });

  it.each([
    [['key', 'restrict', nobody, '--from', '0.0.0.0/0'], 2, /^--from must be any, or up to 50/],
    [['key', 'restrict', nobody, '--from', '192.0.2.7'], 1, /^No key has this id/],
    [['key', 'remove', nobody, '--thumbprint', 'x'], 2, /^--thumbprint must be as/],
    [['key', 'add', nobody], 2, /^--public-key must be a file/],
    [['key', 'add', nobody, '--public-key', '/nowhere'], 1, /^--public-key cannot be read/],
    [
      ['key', 'add', nobody, '--public-key', 'package.json'],
      1,
      /^--public-key must be a public key/,
    ],
  ])('answers %j with %i, and what to do', async (words, code, message) => {
    const answer = await sotto(...words);
    expect(answer).toMatchObject({ code, out: '' });
    expect(answer.errors).toMatch(message);
  });

  it('takes no private key, and repeats nothing of it', async () => {
    const file = join(folder, 'private.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeFile(file, pem);
    const answer = await sotto('key', 'add', nobody, '--public-key', file);
    expect(answer).toMatchObject({ code: 1, out: '' });
    expect(answer.errors).toMatch(/^This file holds a private key/);
    expect(answer.errors).not.toContain(pem.split('\n')[1]);
  });

  it.each([
    [['key', 'allow', nobody, '--organisation', nobody], 1, 'No key or organisation has this id.'],
    [
      ['key', 'create', '--mode', 'test'],
      2,
      '--organisation must be an id as the create command printed it.',
    ],
    [
      ['key', 'create', '--organisation', nobody, '--mode', 'test', '--scopes', 'write,read'],
      2,
      '--scopes must be some of write,status,list,erase,settings,webhooks,ledger.',
    ],
    [['key', 'revoke', nobody, '--mode', 'test'], 2, 'revoke takes no --mode.'],
  ])('answers %j with %i', async (words, code, message) => {
    const answer = await sotto(...words);
    expect(answer).toMatchObject({ code, out: '' });
    expect(answer.errors.split('\n')[0]).toBe(message);
  });
});

describe('when a key ends', () => {
  const now = Temporal.Instant.from('2027-01-30T12:00:00Z');
  it.each([
    ['2027-01-31', '2027-02-01T00:00:00.000Z'],
    ['2027-01-30', '2027-01-31T00:00:00.000Z'],
    ['P1D', '2027-01-31T12:00:00.000Z'],
    ['P1M', '2027-02-28T12:00:00.000Z'],
    ['P1Y', '2028-01-30T12:00:00.000Z'],
    ['PT90M', '2027-01-30T13:30:00.000Z'],
  ])('%s is %s', (text, end) => {
    expect(endFrom('--expires', text, now).toISOString()).toBe(end);
  });

  it.each(['2027-01-29', '2027-02-30', 'P0D', '-P1D', 'soon', '90', 'P9999Y', ''])(
    '%j is refused',
    (text) => {
      expect(() => endFrom('--expires', text, now)).toThrow(/^--expires /);
    },
  );

  it('an overlap may be none, and is a year at most', () => {
    expect(millisecondsFrom('--overlap', 'P0D', now)).toBe(0);
    expect(millisecondsFrom('--overlap', 'P7D', now)).toBe(7 * day);
    for (const text of ['-P1D', 'P2Y', '7', '2027-01-31']) {
      expect(() => millisecondsFrom('--overlap', text, now)).toThrow(/^--overlap must be/);
    }
  });
});
