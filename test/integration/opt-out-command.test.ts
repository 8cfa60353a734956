import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { createTestKeys } from '../support/accept.ts';
import { compiledOnce } from '../support/compiled-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const phone = '+33639980001';
const email = 'Anna.Canari@example.org';
let database: TestDatabase;
let test: Awaited<ReturnType<typeof createTestKeys>>;

beforeAll(async () => {
  database = await createTestDatabase();
  test = await createTestKeys([]);
});
afterAll(async () => {
  await database.drop();
  await test.remove();
});
afterEach(() => database.admin.query('truncate suppressions, audit'));

async function lift(input: string, words = ['--reason', 'asked at the desk']) {
  const child = spawn(process.execPath, ['src/cli.ts', 'opt-out', 'lift', ...words], {
    env: {
      PATH: process.env.PATH,
      ...compiledOnce,
      DATABASE_URL: database.adminUrl.reveal(),
      KEYSTORE: `file:${test.directory}`,
      JOURNAL: `file:${test.directory}/journal`,
    },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);
  return { code, out, errors };
}

const worker = () => database.open('worker', 1);

async function stop(contact: string, channel: 'sms' | 'email') {
  const journal = { append: async () => {} };
  const deps = { database: worker(), keys: test.keys, journal };
  await recordOptOut(deps, { channel, contact: new Secret(contact), source: 'one_click' });
}

async function isStopped(contact: string): Promise<boolean> {
  const find = createSuppressionLookup({ database: worker(), keys: test.keys });
  return (await find([{ reminderId: 'one', to: new Secret(contact) }])).size > 0;
}

it('somebody who asks for messages again gets them, and nobody else', async () => {
  await stop(phone, 'sms');
  await stop(email, 'email');
  const lifted = await lift(`  ${email.toLowerCase()}\n`);
  expect(lifted).toEqual({ code: 0, out: 'Messages are sent there again.\n', errors: '' });
  expect([await isStopped(email), await isStopped(phone)]).toEqual([false, true]);

  expect((await lift('+33 6 39 98 00 01')).out).toContain('until that phone texts START');
  expect(await isStopped(phone)).toBe(false);
  expect((await lift(phone)).out).toBe('Nobody had stopped messages there.\n');
});

it('leaves a line in the audit and in the journal, neither with the contact', async () => {
  await stop(phone, 'sms');
  await lift(phone);
  const { rows } = await database.admin.query('select action, subject, reason from audit');
  expect(rows).toEqual([
    {
      action: 'opt_out.lift',
      subject: 'channel=sms source=one_click',
      reason: 'asked at the desk',
    },
  ]);
  const journal = await readFile(join(test.directory, 'journal', 'command-line.ndjson'), 'utf8');
  const [lifted, done] = journal
    .trim()
    .split('\n')
    .slice(-2)
    .map((line) => JSON.parse(line));
  expect(lifted).toMatchObject({ kind: 'suppression_lifted', channel: 'sms' });
  expect(done).toMatchObject({ kind: 'done', change: lifted.change });
  expect(journal).not.toContain('39980001');
});

it('needs a reason and one contact, and repeats neither', async () => {
  await stop(phone, 'sms');
  for (const [input, words] of [
    [phone, []],
    [phone, ['--reason', ' ']],
    [phone, ['--reason', 'one\u001b[2Jtwo']],
    [phone, [phone, '--reason', 'x']],
    ['', undefined],
    ['0639980001', undefined],
    [`${phone}\n${email}`, undefined],
  ] as const) {
    const refused = await lift(input, words && [...words]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.errors).not.toMatch(/39980001|Canari/);
  }
  expect(await isStopped(phone)).toBe(true);
});
