import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { setUpDemo } from '../../src/cli/demo.ts';
import { utcMonth } from '../../src/domain/link-expiry.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

const organisation = '0192f5a0-0000-7000-8000-000000000001';
const kept = { organisation, apiKey: 'sotto_test_key', opsPassword: 'of the first start' };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** A second start: what the first has kept, and an API that answers each request as it is told to. */
async function secondStart(facts: string, { host = '127.0.0.1' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-demo-'));
  const file = join(folder, 'sandbox.json');
  writeFileSync(file, facts);
  const now = Temporal.Now.instant();
  const months = [now, now.add({ hours: 24 * 400 })].map((at) => utcMonth(at));
  const keys = fileKeyStore(join(folder, 'keys'));
  const publish = (id: string) => keys.ensureViewKeys({ organisationIds: [id], months });
  await publish(organisation);

  const puts: string[] = [];
  const api = { answerTo: (_path: string): number => 200 };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'PUT') puts.push(path.replace('/v1/appointments/', ''));
    request.resume().on('end', () => response.writeHead(api.answerTo(path)).end('{}'));
  }).listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const config = loadConfig({ DATA_DIR: folder, HOST: host, API_PORT: String(port) });
  return {
    api,
    puts,
    file,
    publish,
    setUp: () => setUpDemo({ config, adminUrl: database.adminUrl }),
    written: () => JSON.parse(readFileSync(file, 'utf8')),
  };
}

it('a start puts the appointments that an earlier one was stopped before, once', async () => {
  const demo = await secondStart(JSON.stringify({ ...kept, isSetUp: false }));
  demo.api.answerTo = (path) => (path.endsWith('demo-0003') ? 503 : 200);
  await expect(demo.setUp()).rejects.toThrow('demo-0003');
  expect(demo.puts).toEqual(['demo-0001', 'demo-0002', 'demo-0003']);

  demo.api.answerTo = () => 200;
  demo.puts.length = 0;
  const access = await demo.setUp();
  expect(access.opsPassword.reveal()).toBe(kept.opsPassword);
  expect(demo.puts).toHaveLength(7);
  expect(demo.written()).toMatchObject({ ...kept, isSetUp: true });
  await demo.setUp();
  expect(demo.puts).toHaveLength(7);
});

it('a start asks the API where it listens, and says where the sandbox does', async () => {
  const demo = await secondStart(JSON.stringify(kept), { host: '127.0.0.2' });
  await demo.setUp();
  const { sandboxUrl, smtpUrl } = demo.written();
  expect([sandboxUrl, smtpUrl]).toEqual(['http://127.0.0.2:3003', 'smtp://127.0.0.2:3025']);
});

it('an API that is busy leaves the demo as it is', async () => {
  const demo = await secondStart(JSON.stringify(kept));
  demo.api.answerTo = () => 503;
  const access = await demo.setUp();
  expect(access.apiKey.reveal()).toBe(kept.apiKey);
  expect(demo.written()).toMatchObject(kept);
});

it('a key that is refused makes another practice, and lets in nobody who was disabled', async () => {
  const { admin } = database;
  await admin.query(`insert into ops_users (id, name, role, password_hash, disabled_at)
    values (gen_random_uuid(), 'ops', 'admin', 'a hash', now())`);
  const demo = await secondStart(JSON.stringify(kept));
  demo.api.answerTo = (path) => (path.includes('?') ? 401 : 200);
  const setUp = demo.setUp();
  const made = async () => (await admin.query('select id from organisations')).rows[0]?.id;
  await waitFor(async () => (await made()) !== undefined);
  await demo.publish(await made());
  await setUp;
  expect(demo.written()).toMatchObject({ organisation: await made(), isSetUp: true });
  expect(demo.written().apiKey).toMatch(/^sotto_test_/);
  expect(demo.puts).toHaveLength(7);
  const { rows } = await admin.query(
    'select password_hash as hash, disabled_at is not null as "isDisabled" from ops_users',
  );
  expect(rows).toEqual([{ hash: 'a hash', isDisabled: true }]);
});

it.each(['', '{"organisation":', '{}'])(
  'a sandbox.json that holds %j is said to be damaged',
  async (facts) => {
    const demo = await secondStart(facts);
    await expect(demo.setUp()).rejects.toThrow(`${demo.file} is damaged: delete it`);
  },
);
