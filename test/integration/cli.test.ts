import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const sotto = (...words: string[]) =>
  new Promise<{ code: number; out: string; errors: string }>((resolve) => {
    const env = { PATH: process.env.PATH, DATABASE_URL: database.adminUrl.reveal() };
    execFile(process.execPath, ['src/cli.ts', ...words], { env }, (error, out, errors) =>
      resolve({ code: Number(error?.code ?? 0), out, errors }),
    );
  });

describe('whoever types a command', () => {
  it.each([['help'], ['--help'], ['-h'], ['org', '--help'], ['up', '--help']])(
    'reads with %s %s what there is, and nothing starts',
    async (...words) => {
      const { code, out, errors } = await sotto(...words.filter(Boolean));
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      expect(out).toMatch(/^Usage: sotto COMMAND/);
      expect(out).toContain('key create --organisation ID --mode test|live');
    },
  );

  it('reads what there is after a word that is none', async () => {
    const { code, out, errors } = await sotto('strat');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(errors).toMatch(/^Unknown command\.\n\nUsage: sotto COMMAND/);
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
});
