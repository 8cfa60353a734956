import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { isCallbackAddress } from '../../src/usecases/accept-callback.ts';
import { createTestKeys } from '../support/accept.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { compiledOnce } from '../support/compiled-once.ts';

const canary = 'Canari Mustermann';

let fixture: ApiFixture;
let test: Awaited<ReturnType<typeof createTestKeys>>;
let folder: string;
let callbackUrl: string;
let taken: string[];
let isAway: boolean;
let meanwhile: (message: string) => Promise<unknown>;

beforeAll(async () => {
  test = await createTestKeys([]);
  folder = await mkdtemp(join(tmpdir(), 'sotto-bounce-'));
  fixture = await createApiFixture(() => ({
    isCallbackAddress: (input) => isCallbackAddress({ keys: test.keys }, input),
    acceptBounce: async ({ message }) => {
      if (isAway) throw new AppError('unavailable');
      taken.push(message.reveal().toString());
      await meanwhile(message.reveal().toString());
    },
  }));
  callbackUrl = await fixture.api.listen({ port: 0, host: '127.0.0.1' });
  await test.keys.symmetricKeys('callback');
});
afterAll(async () => {
  await fixture.close();
  await test.remove();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  taken = [];
  isAway = false;
  meanwhile = async () => {};
});
taken = [];
isAway = false;
meanwhile = async () => {};

async function sotto(
  words: readonly string[],
  { input = '', env = {} }: { input?: string | Buffer; env?: Record<string, string> } = {},
) {
  const child = spawn(process.execPath, ['src/cli.ts', ...words], {
    env: {
      ...{ PATH: process.env.PATH, ...compiledOnce },
      ...{ KEYSTORE: `file:${test.directory}`, CALLBACK_URL: callbackUrl },
      DATABASE_URL: fixture.database.adminUrl.reveal(),
      ...env,
    },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);
  expect(out + errors).not.toContain(canary);
  return { code, out, errors };
}

const message = (subject: string) => `To: ${canary}\r\nSubject: ${subject}\r\n\r\n`;

describe('a mail server’s pipe', () => {
  it('hands one message over, byte for byte', async () => {
    const raw = message('piped');
    expect(await sotto(['bounce'], { input: raw })).toEqual({
      ...{ code: 0, errors: '' },
      out: 'taken: 1, refused: 0, to try again: 0\n',
    });
    expect(taken).toEqual([raw]);
  });

  it('keeps the message while the api is away, or its address is wrong', async () => {
    isAway = true;
    const away = await sotto(['bounce'], { input: message('away') });
    expect(away).toMatchObject({ code: 75, out: 'taken: 0, refused: 0, to try again: 1\n' });
    isAway = false;
    const addressFile = async (name: string, address: string) => {
      await writeFile(join(folder, name), address);
      return ['--url-file', join(folder, name)];
    };
    for (const [words, env] of [
      [[], { CALLBACK_URL: 'http://127.0.0.1:9' }],
      [await addressFile('wrong', `${callbackUrl}/callbacks/email/bounce/${'a'.repeat(43)}`), {}],
      [[], { KEYSTORE: `file:${folder}/nothing` }],
      [[], { KEYSTORE: 'nowhere' }],
      [['--url-file', join(folder, 'missing')], {}],
      [await addressFile('no-web', 'file:///etc/passwd'), {}],
    ] as const) {
      const result = await sotto(['bounce', ...words], { input: message('wrong'), env });
      expect(result.code).toBe(75);
      expect(result.errors).not.toBe('');
    }
    expect(taken).toEqual([]);
  });

  it('keeps the message when the process dies of an error that nobody foresaw', async () => {
    const dying = `setInterval(() => {
      if (process.listenerCount('uncaughtException') > 0) throw new Error();
    })`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(dying)}` };
    const { code, errors } = await sotto(['bounce'], { input: message('dying'), env });
    expect(errors).toContain('an error that nobody caught');
    expect(code).toBe(75);
  });

  it('is told of a message that will never be taken', async () => {
    for (const input of ['', randomBytes(300 * 1024)]) {
      expect(await sotto(['bounce'], { input })).toMatchObject({ code: 65 });
    }
    expect(taken).toEqual([]);
  });

  it('may be given the address in a file, and only there, so that no list of processes shows it', async () => {
    const { out } = await sotto(['callbacks', '--json']);
    const named = await sotto(['bounce', '--url', JSON.parse(out).bounce], {
      input: message('named'),
    });
    expect(named.errors).not.toContain(JSON.parse(out).bounce);
    expect([named.code, taken]).toEqual([75, []]);
    const file = join(folder, 'address');
    await writeFile(file, `${JSON.parse(out).bounce}\n`);
    const env = { KEYSTORE: `file:${folder}/nothing` };
    const result = await sotto(['bounce', '--url-file', file], { input: message('file'), env });
    expect(result.code).toBe(0);
    expect(taken).toHaveLength(1);
  });
});

describe('files and Maildirs', () => {
  it('are handed over, and what was taken from a Maildir, which holds address and link, is gone from it', async () => {
    const maildir = join(folder, 'Maildir');
    for (const name of ['new', 'cur', 'tmp']) await mkdir(join(maildir, name), { recursive: true });
    for (const name of ['1', '2', '3']) {
      await writeFile(join(maildir, 'new', name), message(`mail ${name}`));
    }
    await writeFile(join(maildir, 'cur', '0:2,S'), message('seen before'));
    const file = join(folder, 'one.eml');
    await writeFile(file, message('file'));

    const first = await sotto(['bounce', file, maildir]);
    expect(first).toMatchObject({ code: 0, out: 'taken: 4, refused: 0, to try again: 0\n' });
    expect(taken).toEqual(['file', 'mail 1', 'mail 2', 'mail 3'].map(message));
    expect(await readdir(join(maildir, 'new'))).toEqual([]);
    expect(await readdir(join(maildir, 'cur'))).toEqual(['0:2,S']);
    const again = await sotto(['bounce', maildir]);
    expect(again).toMatchObject({ code: 0, out: 'taken: 0, refused: 0, to try again: 0\n' });
  });

  it('stay where they are while the api is away', async () => {
    const maildir = join(folder, 'Waiting');
    for (const name of ['new', 'cur']) await mkdir(join(maildir, name), { recursive: true });
    for (const name of ['1', '2']) await writeFile(join(maildir, 'new', name), message(name));
    isAway = true;
    expect(await sotto(['bounce', maildir])).toMatchObject({
      ...{ code: 75, out: 'taken: 0, refused: 0, to try again: 2\n' },
    });
    expect(await readdir(join(maildir, 'new'))).toEqual(['1', '2']);
    expect(await sotto(['bounce', join(folder, 'not there')])).toMatchObject({ code: 75 });
  });

  it('go on past one that is in the way, and say which kind of trouble it is', async () => {
    const inbox = join(folder, 'Stuck', 'new');
    await mkdir(join(inbox, '0 is no file'), { recursive: true });
    for (const name of ['1 stays', '2 goes', '3 is fine', '4 was here'])
      await writeFile(join(inbox, name), message(name));
    await writeFile(join(inbox, '5 is too large'), randomBytes(300 * 1024));
    // Whoever else works in the folder, or may not delete there.
    meanwhile = async (raw) => {
      if (raw === message('2 goes')) await rm(join(inbox, '2 goes'));
      if (raw !== message('1 stays')) return;
      await rm(join(inbox, '1 stays'));
      await mkdir(join(inbox, '1 stays'));
      await rm(join(inbox, '4 was here'));
    };
    const { code, out, errors } = await sotto(['bounce', join(folder, 'Stuck')]);
    expect([code, out]).toEqual([75, 'taken: 2, refused: 1, to try again: 2\n']);
    expect(errors.trim().split('\n')).toEqual([
      '2 could not be read or deleted.',
      expect.stringContaining('In a Maildir they stay: remove them by hand.'),
    ]);
    expect(taken).toEqual(['1 stays', '2 goes', '3 is fine'].map(message));
    expect(await readdir(inbox)).toEqual(['0 is no file', '1 stays', '5 is too large']);
  });

  it('keeps its messages when an option is mistyped', async () => {
    const result = await sotto(['bounce', '--url-flie', 'x'], { input: message('typo') });
    expect(result).toMatchObject({ code: 75, out: '' });
    expect(result.errors).toContain('--url-flie');
    expect(taken).toEqual([]);
  });
});

describe('sotto callbacks', () => {
  it('prints the addresses that the api answers to, for people and for programs', async () => {
    const { code, out } = await sotto(['callbacks', '--json']);
    const { inbound, bounce } = JSON.parse(out);
    expect(code).toBe(0);
    const said = await sotto(['callbacks']);
    expect(said.out).toContain(`${inbound}#rc=5&rp=5xx,ct,rt\n`);
    expect(said.out).toContain(`${bounce}\n`);
    const posted = await fetch(bounce, { method: 'POST', body: 'x' });
    expect(posted.status).toBe(204);
    const answered = await fetch(`${inbound}#rc=5&rp=5xx,ct,rt`, {
      method: 'POST',
      headers: { 'x-twilio-signature': 'x' },
      body: new URLSearchParams({ From: '+33639980001', Body: 'STOP' }),
    });
    expect(answered.status).toBe(200);
  });

  it('prints them to nobody whose look it cannot write down', async () => {
    const result = await sotto(['callbacks'], {
      env: { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/x' },
    });
    expect(result).toMatchObject({ code: 1, out: '' });
    const { rows } = await fixture.database.admin.query(
      `select count(*)::int from audit where action = 'callbacks.show'`,
    );
    expect(rows[0].count).toBeGreaterThan(0);
  });

  it('makes no key: one of another user’s would lock the api out', async () => {
    const env = { KEYSTORE: `file:${folder}/nothing` };
    const result = await sotto(['callbacks'], { env });
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.errors).toContain('start the api once');
    expect(await sotto(['callbacks', 'twilio'])).toMatchObject({ code: 2, out: '' });
  });
});
