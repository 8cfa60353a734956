import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiledOnce } from '../support/compiled-once.ts';
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
      ...compiledOnce,
      DATABASE_URL: database.adminUrl.reveal(),
      ...environment,
    };
    execFile(process.execPath, ['src/cli.ts', ...words], { env }, (error, out, errors) =>
      resolve({ code: Number(error?.code ?? 0), out, errors }),
    );
  });

describe('whoever starts a role that sends', () => {
  it('is refused addresses that links and callbacks would go to in the clear', async () => {
    const { code, errors } = await sottoWith(
      {
        ...{ EMAIL_TRANSPORT: 'smtp', SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'a@r.example' },
        ...{ PATIENT_URL: 'http://r.example', API_URL: 'http://api.example' },
      },
      'worker',
    );
    expect(code).not.toBe(0);
    expect(errors).toContain('PATIENT_URL: must be https');
    expect(errors).toContain('CALLBACK_URL: must be https');
  });
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

  it('is told of an answer that found no room on the disk, though its first part did', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sotto-cli-'));
    const file = join(folder, 'help');
    // A limit of the shell stands for the full disk: both take what fits of one write.
    const script = 'ulimit -f 1; exec "$0" src/cli.ts help put > "$1"';
    const run = promisify(execFile)('sh', ['-c', script, process.execPath, file], {
      env: { PATH: process.env.PATH },
    });
    const message = 'Not all of the answer could be written (EFBIG).\n';
    await expect(run).rejects.toMatchObject({ code: 1, stderr: message });
    expect(await readFile(file, 'utf8')).toMatch(/^sotto put: /);
    await rm(folder, { recursive: true });
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
});
