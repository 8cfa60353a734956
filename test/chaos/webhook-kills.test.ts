import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { webhookUseCases } from '../../src/usecases/webhook-use-cases.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createFaultPoint, faultModes } from '../support/fault-point.ts';
import { waitFor } from '../support/wait-for.ts';
import { createWebhookBench, eventIdOf } from '../support/webhook-bench.ts';
import { startWebhookPeer, type WebhookPeer } from '../support/webhook-peer.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';

let database: TestDatabase;
let bench: ReturnType<typeof createWebhookBench>;
let peer: WebhookPeer;
const live = new AbortController().signal;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = createWebhookBench(database);
});
beforeEach(async () => {
  peer = await startWebhookPeer();
});
afterEach(async () => {
  await peer.close();
  await database.admin.query('delete from webhook_endpoints');
});
afterAll(() => database.drop());

/** In order of first arrival; and how often each came. */
function ledgerOf(path: string) {
  const ids = peer.at(path).map(eventIdOf);
  return { firsts: [...new Set(ids)], repeats: ids.length - new Set(ids).size };
}

/** What must hold of whatever died: nothing lost, in order, and a repetition is known as one. */
function expectPromise(path: string, ids: readonly string[], repeatsMax: number) {
  const { firsts, repeats } = ledgerOf(path);
  expect(firsts).toEqual(ids);
  expect(repeats).toBeLessThanOrEqual(repeatsMax);
  const byEvent = Map.groupBy(peer.at(path), eventIdOf);
  for (const same of byEvent.values()) {
    expect(new Set(same.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  }
}

describe('a process that dies, or hears nothing, at any step of sending', () => {
  async function run(fault?: Parameters<typeof createFaultPoint>[0]) {
    const owner = await bench.addOrganisation();
    const path = `/${owner.organisationId}`;
    await bench.api.createWebhookEndpoint({ ...owner, url: `${peer.url}${path}` });
    const ids = await bench.addEvents(owner, 3);
    const point = createFaultPoint(fault);
    const doomed = bench.openSender({ database: point.database, channel: point.channel });
    const looked = doomed.lookAround(live).catch(() => {});
    await Promise.race([point.died, looked.then(doomed.idle)]);
    // Its lease passes, and what it was told to wait for.
    await bench.turnClock(1);
    await bench.settle(bench.openSender());
    return { path, ids, steps: point.steps(), hit: point.hit() };
  }

  it('loses nothing, keeps the order, and repeats at most the one in the air', async () => {
    const { steps, path, ids } = await run();
    expectPromise(path, ids, 0);
    expect(steps).toBeGreaterThan(12);
    const hits = new Set();
    for (const mode of faultModes) {
      for (let at = 1; at <= steps; at += 1) {
        const told = await run({ at, mode });
        expectPromise(told.path, told.ids, 1);
        hits.add(told.hit);
      }
    }
    expect(hits).toEqual(new Set(['database', 'send']));
  });
});

describe('a scheduler that is killed while endpoints answer', () => {
  let keyFolder: string;
  beforeAll(async () => {
    keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
    await prepareQueue(database.adminUrl);
  });
  afterAll(() => {
    for (const process of started) process.signal('SIGKILL');
    rmSync(keyFolder, { recursive: true });
  });

  const started: RoleProcess[] = [];

  function start(): RoleProcess {
    const process = startRoleProcess('scheduler', {
      DATABASE_URL: database.roleUrls.scheduler.reveal(),
      KEYSTORE: `file:${keyFolder}`,
      JOURNAL: `file:${keyFolder}/journal`,
    });
    started.push(process);
    return process;
  }

  it('repeats at most what was in the air at each kill, under the same id, and loses nothing', async () => {
    const keys = fileKeyStore(keyFolder);
    await keys.ensureWebhookKey();
    const api = webhookUseCases({
      journal: { append: async () => {} },
      database: bench.asApi,
      keys,
      isSandbox: true,
    });
    const owner = await bench.addOrganisation();
    const paths = ['/a', '/b'];
    for (const path of paths) {
      await api.createWebhookEndpoint({ ...owner, url: `${peer.url}${path}` });
    }
    const ids = await bench.addEvents(owner, 60);
    const kills = 3;
    for (let kill = 1; kill <= kills; kill += 1) {
      const taken = peer.ledger.length + 20;
      // Then nobody answers, so that something to each is in the air when the kill comes.
      peer.answer = (_delivery, response) => {
        if (peer.ledger.length < taken) response.writeHead(200).end();
      };
      const victim = start();
      await waitFor(() => peer.ledger.length > taken);
      victim.signal('SIGKILL');
      await victim.gone;
      await bench.turnClock(1);
    }
    peer.answer = (_delivery, response) => response.writeHead(200).end();
    const last = start();
    await waitFor(() => paths.every((path) => ledgerOf(path).firsts.length === ids.length), 20_000);
    last.signal('SIGTERM');
    expect(await last.gone).toBe(0);
    for (const path of paths) {
      expectPromise(path, ids, kills);
      expect(ledgerOf(path).repeats).toBeGreaterThan(0);
    }
  });
});
