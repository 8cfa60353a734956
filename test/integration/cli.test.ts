import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const sotto = (...words: string[]) => sottoWith({}, ...words);
const sottoWith = (environment: object, ...words: string[]) =>
  new Promise<{ code: number; out: string; errors: string }>((resolve) => {
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: database.adminUrl.reveal(),
      ...environment,
    };
    execFile(process.execPath, ['src/cli.ts', ...words], { env }, (error, out, errors) =>
      resolve({ code: Number(error?.code ?? 0), out, errors }),
    );
  });

describe('whoever types a command', () => {
  it.each([['help'], ['--help'], ['-h'], []])('reads with %s what there is', async (...words) => {
    const { code, out, errors } = await sotto(...words.filter(Boolean));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(out).toMatch(/^Sotto: .*\n\nUsage:\n {2}sotto COMMAND/);
    expect(out).toContain('\n  key ');
  });

  it.each([
    ['help', 'key'],
    ['key', '--help'],
    ['key', 'create', '-h'],
  ])('reads with %s %s how that command is written', async (...words) => {
    const { code, out, errors } = await sotto(...words);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(out).toContain('sotto key create --organisation ID --mode test|live');
  });

  it('starts nothing by asking for help', async () => {
    const { code, out } = await sotto('up', '--help');
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^sotto up: /) });
  });

  it('is told what a word that is none was probably meant to be', async () => {
    for (const words of [['mirgate'], ['help', 'mirgate']]) {
      const { code, out, errors } = await sotto(...words);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(errors).toMatch(/^Unknown command\. Did you mean migrate\?\n/);
    }
  });

  it('is shown the usage of a command used wrongly, on stderr', async () => {
    const { code, out, errors } = await sotto('key', 'revoke');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(errors).toContain('\nUsage:\n  sotto key create ');
    expect(errors).toContain('sotto key --help says more.');
  });

  it('is told the version', async () => {
    expect(await sotto('--version')).toMatchObject({ code: 0, out: '0.1.0\n', errors: '' });
  });

  it('gets colour where it is wanted and none where NO_COLOR says so', async () => {
    const coloured = async (env: object) => (await sottoWith(env, '--help')).out.includes('\u001b');
    expect(await coloured({ FORCE_COLOR: '1' })).toBe(true);
    expect(await coloured({ NO_COLOR: '1' })).toBe(false);
    expect(await coloured({})).toBe(false);
  });

  it('is told which id leads nowhere', async () => {
    const id = randomUUID();
    expect(await sotto('key', 'create', '--organisation', id, '--mode', 'test')).toEqual({
      code: 1,
      out: '',
      errors: 'No organisation has this id.\n',
    });
    expect(await sotto('key', 'revoke', id)).toEqual({
      code: 1,
      out: '',
      errors: 'No key has this id.\n',
    });
  });

  it('gets a key once, and may revoke it twice', async () => {
    const organisation = await database.createOrganisation();
    const words = ['key', 'create', '--organisation', organisation, '--mode', 'live', '--json'];
    const { id, key } = JSON.parse((await sotto(...words)).out);
    expect(key).toMatch(/^sotto_live_/);
    for (let times = 0; times < 2; times += 1) {
      expect(await sotto('key', 'revoke', id)).toEqual({
        code: 0,
        out: `Revoked ${id}\n`,
        errors: '',
      });
    }
  });

  it('changes settings of one organisation and leaves a line in the audit for each', async () => {
    const [mine, other] = [
      await database.createOrganisation(),
      await database.createOrganisation(),
    ];
    const before = await settingsOf(other);
    const given = ['--language', 'nl', '--plan', 'P1D auto, PT2H sms', '--quiet', '22:00-07:30'];
    const { code, out } = await sotto('org', 'set', mine, ...given, '--jitter', '0');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'Set defaultLanguage, reminderPlan, quietFrom, quietUntil, jitterMinutes\n',
    });
    expect(await settingsOf(mine)).toMatchObject({
      default_language: 'nl',
      reminder_plan: [
        { before: 'P1D', channel: 'auto' },
        { before: 'PT2H', channel: 'sms' },
      ],
      quiet_from: '22:00',
      quiet_until: '07:30',
      jitter_minutes: 0,
    });
    expect(await settingsOf(other)).toEqual(before);
    const audit = await rows(
      "select subject from audit where action = 'organisation.set' and organisation_id = $1 order by id",
      [mine],
    );
    expect(audit.map(({ subject }) => subject)).toContain('defaultLanguage="nl"');
    expect(audit).toHaveLength(5);
  });

  it('opens everything to a birth date only with a reason, which is kept', async () => {
    const id = await database.createOrganisation();
    const words = ['org', 'set', id, '--birth-date-opens', 'everything'];
    const refused = await sotto(...words);
    expect(refused.code).toBe(2);
    expect(refused.errors).toContain('needs --reason');
    expect(await settingsOf(id)).toMatchObject({ birth_date_opens_all: false });

    expect((await sotto(...words, '--reason', 'decided by the board')).code).toBe(0);
    expect(await settingsOf(id)).toMatchObject({ birth_date_opens_all: true });
    expect(
      await rows(
        "select subject, reason from audit where organisation_id = $1 and action = 'organisation.set'",
        [id],
      ),
    ).toEqual([{ subject: 'birthDateOpensAll=true', reason: 'decided by the board' }]);
    expect((await sotto('org', 'set', id, '--birth-date-opens', 'time')).code).toBe(0);
    expect(await settingsOf(id)).toMatchObject({ birth_date_opens_all: false });
  });

  it.each([
    ['--language', 'tlh'],
    ['--plan', 'P2D pigeon'],
    ['--plan', 'P1.5D sms'],
    ['--plan', 'P1D sms, P1D sms'],
    ['--quiet', '25:00-08:00'],
    ['--jitter', '-1'],
    ['--uncertain', 'maybe'],
    ['--birth-date-opens', 'nothing'],
  ])('is told what %s %s should have been, and nothing changes', async (option, value) => {
    const id = await database.createOrganisation();
    const before = await settingsOf(id);
    const { code, out, errors } = await sotto('org', 'set', id, `${option}=${value}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(errors).toContain(option);
    expect(await settingsOf(id)).toEqual(before);
  });

  const rows = async (text: string, values: unknown[]) =>
    (await database.admin.query(text, values)).rows;
  const settingsOf = async (id: string) =>
    (await rows('select * from organisations where id = $1', [id])).map(
      ({ id: _id, name: _name, created_at: _at, ...settings }) => settings,
    )[0];
});
