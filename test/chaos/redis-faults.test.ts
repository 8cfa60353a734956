import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { makeEpochKeys } from '../../src/usecases/keep-epoch-keys.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, parcelDay } from '../support/dispatch-bench.ts';
import { expectEachOnce } from '../support/expect-each-once.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type SeededReminder, seedReminders } from '../support/seed-reminders.ts';
import { type StallingProxy, startStallingProxy } from '../support/stalling-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const count = Number(process.env.SOTTO_TEST_REMINDERS ?? 2_000);

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let redis: RedisServer;
let proxy: StallingProxy;
let keyFolder: string;
let epochPublicKey: Buffer;
/** The same two for all that is done to Redis here: neither is ever started again. */
let worker: WorkerProcess;
let scheduler: { close(): Promise<void> };

beforeAll(async () => {
  database = await createTestDatabase();
  redis = await startRedis();
  proxy = await startStallingProxy(redis.url);
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
  const keys = fileKeyStore(keyFolder);
  await makeEpochKeys({ keys, now: () => Temporal.Now.instant() });
  epochPublicKey = (await keys.epochPublicKey(parcelDay)) ?? Buffer.alloc(0);
  worker = startWorkerProcess(environment('worker'));
  await worker.ready;
  scheduler = await runScheduler(loadConfig({ ...environment('scheduler'), LOG_LEVEL: 'silent' }));
});
afterAll(async () => {
  worker?.signal('SIGTERM');
  const exitCode = await worker?.gone;
  await scheduler?.close();
  await proxy.close();
  await redis.stop();
  await peer.close();
  await database.drop();
  rmSync(keyFolder, { recursive: true });
  expect(exitCode).toBe(0);
});
beforeEach(async () => {
  peer.forget();
  await database.admin.query('truncate organisations, batches, events cascade');
});

function environment(role: 'worker' | 'scheduler'): Record<string, string> {
  return {
    DATABASE_URL: database.roleUrls[role].reveal(),
    REDIS_URL: proxy.url.reveal(),
    KEYSTORE: `file:${keyFolder}`,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: peer.url,
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'reminders@sotto.example',
    JOURNAL: `file:${keyFolder}/journal`,
    SMS_PER_SECOND: '400',
  };
}

async function seedAndBegin(): Promise<SeededReminder[]> {
  const organisationId = await database.createOrganisation();
  const options = { organisationId, epochPublicKey, parcelDay };
  const seeded = await seedReminders(database.admin, { ...options, count });
  await waitForMore(50);
  return seeded;
}

/** So many more have gone out, or all of them. */
async function waitForMore(more: number, timeoutMs = 20_000): Promise<void> {
  const before = peer.accepted.length;
  await waitFor(() => peer.accepted.length >= Math.min(before + more, count), timeoutMs, 5);
}

/** Nothing died, so nothing may be in doubt either. */
async function expectAllSent(seeded: readonly SeededReminder[]): Promise<void> {
  await waitFor(async () => (await bench.states()).sent === count, 60_000, 100);
  expect(await expectEachOnce(seeded, { peer, bench })).toBe(0);
  expect(peer.accepted).toHaveLength(count);
}

it(`${count} reminders in flight survive FLUSHALL, again and again`, async () => {
  const seeded = await seedAndBegin();
  while (peer.accepted.length < count) {
    await redis.admin.flushall();
    await waitForMore(150);
  }
  await expectAllSent(seeded);
}, 120_000);

it(`${count} reminders in flight survive kill -9 of Redis and its start with nothing in it`, async () => {
  const seeded = await seedAndBegin();
  for (const pauseMs of [0, 1_000]) {
    await redis.kill();
    await wait(pauseMs);
    await redis.restart();
    await waitForMore(300);
  }
  await redis.kill();
  // Sending goes on while it is down.
  await waitForMore(300);
  await redis.restart();
  await expectAllSent(seeded);
}, 120_000);

it(`${count} reminders in flight survive a Redis that answers nothing for 20 s`, async () => {
  const seeded = await seedAndBegin();
  proxy.stall();
  const healed = wait(20_000).then(proxy.heal);
  await waitForMore(800);
  await healed;
  await expectAllSent(seeded);
}, 120_000);

it(`${count} reminders in flight survive a Redis that is full`, async () => {
  const seeded = await seedAndBegin();
  await redis.admin.config('SET', 'maxmemory', '1');
  await waitForMore(800);
  await redis.admin.config('SET', 'maxmemory', '0');
  await expectAllSent(seeded);
}, 120_000);

it('and after all of it bells are rung and heard as before', async () => {
  const rung = async () => Number(await redis.admin.xlen('{sotto}:bells:events'));
  await redis.admin.flushall();
  await expectAllSent(await seedAndBegin());
  // Each bell leaves three or four events: added, waiting, active, completed.
  expect(await rung()).toBeGreaterThan(3 * (count / 100));
}, 60_000);
