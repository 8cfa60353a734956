import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { readJournals } from '../../src/journal/read-journals.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { sendCheckUseCases } from '../../src/usecases/send-check-use-cases.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { createCheckBench } from '../support/check-bench.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sottoCommand } from '../support/sotto-command.ts';
import { startWebhookPeer, type WebhookPeer } from '../support/webhook-peer.ts';

const url = 'https://booking.example.com/check?token=planted-token';
const journaled: JournalEntry[] = [];
const journal = { append: async (entry: JournalEntry) => void journaled.push(entry) };

let database: TestDatabase;
let fixture: ApiFixture;
let bench: ReturnType<typeof createCheckBench>;
let peer: WebhookPeer;
let organisationId: string;
let key: string;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = createCheckBench(database);
  fixture = await createApiFixture(
    (asApi) =>
      sendCheckUseCases({ ...{ database: asApi, keys: bench.keys }, journal, isSandbox: true }),
    database,
  );
  peer = await startWebhookPeer();
  peer.answer = (_question, response) => response.end('{"decision":"drop"}');
});
beforeEach(async () => {
  organisationId = await database.createOrganisation();
  key = await fixture.key({ organisationId, scopes: ['settings'] });
});
afterAll(async () => {
  await peer.close();
  await fixture.close();
  await database.drop();
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const ask = (method: Method, path = '', payload?: object, as = key) =>
  fixture.request({
    ...{ method, url: `/v1/send-check${path}`, key: as },
    ...(payload && { payload }),
  });
const audit = async () =>
  (
    await database.admin.query(
      'select action, subject, actor like $2 as by_key from audit where organisation_id = $1 and action like $3 order by id',
      [organisationId, 'credential %', 'send_check.%'],
    )
  ).rows;

describe('the check of an organisation', () => {
  it('is told with its secret when it is made, and never again', async () => {
    expect((await ask('GET')).statusCode).toBe(404);
    const made = await ask('PUT', '', { url });
    expect(made.statusCode).toBe(201);
    const { secret, ...check } = made.json();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(check).toEqual({
      url,
      onNoAnswer: 'send',
      createdAt: expect.stringMatching(/Z$/),
      answeredAt: null,
      failing: null,
      counts: { asked: 0, proceed: 0, drop: 0, inconclusive: 0 },
      test: null,
      oldSecretEndsAt: null,
    });
    const changed = await ask('PUT', '', { onNoAnswer: 'hold' });
    expect(changed.statusCode).toBe(200);
    expect(changed.json()).toEqual({ ...check, onNoAnswer: 'hold' });
    expect((await ask('GET')).json()).toEqual({ ...check, onNoAnswer: 'hold' });
    const rotated = await ask('POST', '/rotate-secret', { overlapHours: 1 });
    expect(rotated.json().secret).not.toBe(secret);
    expect(rotated.json().oldSecretEndsAt).toMatch(/Z$/);
    expect((await ask('DELETE')).statusCode).toBe(204);
    expect((await ask('GET')).statusCode).toBe(404);
    expect(await audit()).toEqual(
      ['set_send', 'set_hold', 'rotate', 'remove'].map((action) => ({
        action: `send_check.${action}`,
        subject: 'mode=test',
        by_key: true,
      })),
    );
    expect(journaled).toEqual([{ kind: 'send_check_removal', checkId: expect.any(String) }]);
  });

  it.each([
    [{}, '/url', 'required'],
    [{ url: 'http://booking.example.com' }, '/url', 'invalid_url'],
    [{ url: 'https://169.254.169.254/' }, '/url', 'private_address'],
    [{ url: 'https://[::1]/' }, '/url', 'private_address'],
    [{ url, onNoAnswer: 'guess' }, '/onNoAnswer', 'invalid_value'],
    [{ url, policy: 'send' }, '/policy', 'unknown_field'],
  ])('is not made of %j', async (payload, pointer, code) => {
    const answer = await ask('PUT', '', payload);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toEqual([{ pointer, code }]);
    expect((await ask('GET')).statusCode).toBe(404);
  });

  it('is of one organisation and mode, and of keys with scope settings', async () => {
    await ask('PUT', '', { url });
    const live = await fixture.key({ organisationId, mode: 'live', scopes: ['settings'] });
    expect((await ask('GET', '', undefined, live)).statusCode).toBe(404);
    const other = await fixture.key({
      organisationId: await database.createOrganisation(),
      scopes: ['settings'],
    });
    for (const method of ['GET', 'DELETE'] as const) {
      expect((await ask(method, '', undefined, other)).statusCode).toBe(404);
    }
    const without = await fixture.key({ organisationId, scopes: ['write', 'status', 'webhooks'] });
    for (const method of ['GET', 'DELETE'] as const) {
      expect((await ask(method, '', undefined, without)).statusCode).toBe(403);
    }
    expect((await ask('GET')).statusCode).toBe(200);
  });

  it('has a test that tells what is answered, and that nothing comes of', async () => {
    await ask('PUT', '', { url: `${peer.url}/check` });
    expect((await ask('POST', '/test')).statusCode).toBe(202);
    await bench.ask();
    const { test, counts } = (await ask('GET')).json();
    expect(test).toMatchObject({ result: 'drop', status: null });
    expect(counts.asked).toBe(0);
    expect(JSON.parse(peer.ledger.at(-1)?.body ?? '')).toMatchObject({
      type: 'reminder.check.test',
      data: { organisationId, mode: 'test' },
    });
  });
});

describe('sotto send-check', () => {
  it('does the same, and says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
    await fileKeyStore(folder).ensureWebhookKey();
    const journalAt = `file:${join(folder, 'journal')}`;
    const sotto = sottoCommand(database, { KEYSTORE: `file:${folder}`, JOURNAL: journalAt });
    const on = ['--mode', 'test'];
    const run = (action: string, ...words: string[]) =>
      sotto('send-check', action, organisationId, ...on, ...words);
    expect(await run('set')).toMatchObject({ code: 2 });
    const made = await run('set', '--url', url);
    expect(made).toMatchObject({ code: 0 });
    expect(made.out).toMatch(/^From now on we ask .*\nIts secret, shown this once: whsec_/);
    expect((await run('set', '--on-no-answer', 'hold')).out).toBe(
      `We ask ${url}; no answer: hold.\n`,
    );
    expect((await run('show')).out).toContain('no answer     hold');
    expect((await run('remove')).out).toBe('Nobody is asked any more.\n');
    const since = Temporal.Instant.fromEpochMilliseconds(0);
    expect((await readJournals(journalAt, { since })).entries).toMatchObject([
      { kind: 'send_check_removal', checkId: expect.any(String) },
    ]);
    expect(await audit()).toContainEqual({
      ...{ action: 'send_check.remove', subject: 'mode=test' },
      by_key: false,
    });
    await rm(folder, { recursive: true });
  });
});
