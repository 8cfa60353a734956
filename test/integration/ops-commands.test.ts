import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { verifyPassword } from '../../src/keys/password.ts';
import { administrator } from '../../src/store/administration.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(() => database.admin.query('truncate organisations, ops_users, audit cascade'));

const sotto = (words: string[], input = '') =>
  runCommand(words, { env: { DATABASE_URL: database.adminUrl.reveal() }, input });
const rows = async (text: string) => (await database.admin.query(text)).rows;
const hashOf = async (name: string): Promise<string> =>
  (await database.admin.query('select password_hash from ops_users where name = $1', [name]))
    .rows[0]?.password_hash;

describe('sotto pause and sotto resume', () => {
  it('stop and go on, with a reason each in the audit', async () => {
    const id = await database.createOrganisation();
    const scope = ['--organisation', id, '--channel', 'sms'];
    const paused = await sotto(['pause', ...scope, '--reason', 'an incident']);
    expect(paused).toMatchObject({ code: 0, out: `Paused: SMS of organisation ${id}.\n` });
    const again = await sotto(['pause', ...scope, '--reason', 'again', '--json']);
    expect(JSON.parse(again.out)).toEqual({
      organisation: id,
      channel: 'sms',
      paused: true,
      wasPaused: true,
    });

    const elsewhere = await sotto(['resume', '--yes', '--reason', 'over']);
    expect(elsewhere).toMatchObject({ code: 1, out: '' });
    expect(elsewhere.errors).toContain(`sotto resume --organisation ${id} --channel sms`);

    const unasked = await sotto(['resume', ...scope, '--reason', 'over']);
    expect(unasked).toMatchObject({ code: 2, out: '' });
    expect(unasked.errors).toContain('say --yes');
    expect(await rows('select from pauses where ended_at is null')).toHaveLength(1);

    const looked = await sotto(['resume', '--preview', ...scope, '--json']);
    expect(JSON.parse(looked.out)).toMatchObject({
      ...{ reason: 'an incident', by: administrator, held: [] },
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const another = await sotto(['resume', ...scope, '--yes', '--reason', 'over', '--id', id]);
    expect(another).toMatchObject({ code: 1, out: '' });
    expect(another.errors).toContain(`by ${administrator}: SMS of organisation`);
    expect(await rows('select from pauses where ended_at is null')).toHaveLength(1);

    const resumed = await sotto(['resume', ...scope, '--yes', '--reason', 'over']);
    expect(resumed).toMatchObject({ code: 0, out: `Resumed: SMS of organisation ${id}.\n` });
    expect(resumed.errors).toContain('A resume sends what is due now: 0 reminders.');
    expect(await rows('select actor, action, reason from audit order by id')).toEqual([
      { actor: administrator, action: 'sending.pause', reason: 'an incident' },
      { actor: administrator, action: 'sending.resume', reason: 'over' },
    ]);
  });

  it.each([
    [['pause']],
    [['pause', '--reason', 'two\nlines']],
    [['pause', '--reason', 'x', '--channel', 'pigeon']],
    [['pause', '--reason', 'x', '--organisation', 'mine']],
  ])('refuse %j, and nothing changes', async (words) => {
    expect(await sotto(words)).toMatchObject({ code: 2, out: '' });
    expect(await rows('select from pauses')).toEqual([]);
  });

  it('know no organisation that is not there', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    expect(await sotto(['pause', '--reason', 'x', '--organisation', id])).toEqual({
      code: 1,
      out: '',
      errors: 'No organisation has this id.\n',
    });
  });
});

describe('sotto ops-user', () => {
  it('prints a password that it made, once, and stores what verifies it', async () => {
    const { code, out } = await sotto([
      'ops-user',
      'create',
      '--name',
      'anna',
      '--role',
      'operator',
      '--json',
    ]);
    const created = JSON.parse(out);
    expect({ code, ...created }).toMatchObject({ code: 0, name: 'anna', role: 'operator' });
    expect(await verifyPassword(new Secret(created.password), await hashOf('anna'))).toBe(true);

    const listed = await sotto(['ops-user', 'list', '--json']);
    expect(JSON.parse(listed.out)).toMatchObject([{ name: 'anna', disabledAt: null }]);
    expect(listed.out).not.toContain('argon2');
    expect(await sotto(['ops-user', 'create', '--name', 'anna', '--role', 'admin'])).toMatchObject({
      code: 1,
      out: '',
      errors: expect.stringContaining('There is a user of this name'),
    });
  });

  it('takes a chosen password from standard input, and repeats it nowhere', async () => {
    const words = ['ops-user', 'create', '--name', 'ben', '--role', 'viewer', '--password-stdin'];
    const short = await sotto(words, 'elevenchars\n');
    expect(short).toMatchObject({ code: 2, out: '' });
    const { code, out, errors } = await sotto(words, 'twelve chars\n');
    expect({ code, out, errors }).toEqual({ code: 0, out: 'Created ben, viewer.\n', errors: '' });
    expect(await verifyPassword(new Secret('twelve chars'), await hashOf('ben'))).toBe(true);
    expect(JSON.stringify(await rows('select * from audit'))).not.toContain('twelve chars');
  });

  it('shuts a user out, and lets them in again with another password', async () => {
    await sotto(['ops-user', 'create', '--name', 'anna', '--role', 'admin']);
    expect((await sotto(['ops-user', 'disable', 'anna'])).code).toBe(0);
    expect((await sotto(['ops-user', 'list'])).out).toMatch(/^anna +admin +disabled /);
    const { out } = await sotto(['ops-user', 'password', 'anna', '--json']);
    const { password } = JSON.parse(out);
    expect(await verifyPassword(new Secret(password), await hashOf('anna'))).toBe(true);
    expect((await sotto(['ops-user', 'list'])).out).toMatch(/^anna +admin +since /);
  });

  it.each([
    [['create', '--name', 'Anna', '--role', 'admin'], 2],
    [['create', '--name', 'anna', '--role', 'boss'], 2],
    [['create', '--name', 'anna', '--role', 'admin', '--password', 'hunter2hunter2'], 2],
    [['disable', 'nobody'], 1],
  ])('refuses %j', async (words, code) => {
    const refused = await sotto(['ops-user', ...words]);
    expect(refused).toMatchObject({ code, out: '' });
    expect(refused.errors).not.toContain('hunter2');
    expect(await rows('select from ops_users')).toEqual([]);
  });
});
