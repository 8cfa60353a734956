import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { makeEpochKeys } from '../../src/usecases/keep-epoch-keys.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, parcelDay } from '../support/dispatch-bench.ts';
import { expectEachOnce } from '../support/expect-each-once.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type SeededReminder, seedReminders } from '../support/seed-reminders.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const seed = Number(process.env.SOTTO_TEST_SEED ?? 20_261_121);
const count = Number(process.env.SOTTO_TEST_REMINDERS ?? 600);

let database: TestDatabase;
let queue: TestedQueue;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let keyFolder: string;
let epochPublicKey: Buffer;
const running: WorkerProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
  const keys = fileKeyStore(keyFolder);
  await makeEpochKeys({ keys, now: () => Temporal.Now.instant() });
  epochPublicKey = (await keys.epochPublicKey(parcelDay)) ?? Buffer.alloc(0);
});
afterAll(async () => {
  for (const worker of running) worker.signal('SIGKILL');
  await peer.close();
  await queue.stop();
  await database.drop();
  rmSync(keyFolder, { recursive: true });
});
beforeEach(async () => {
  peer.forget();
  await database.admin.query('truncate organisations, batches, heartbeats, events cascade');
});

function environment(role: 'worker' | 'scheduler'): Record<string, string> {
  return {
    ...queue.environment,
    DATABASE_URL: database.roleUrls[role].reveal(),
    KEYSTORE: `file:${keyFolder}`,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: peer.url,
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'reminders@sotto.example',
    JOURNAL: `file:${keyFolder}/journal`,
    SMS_PER_SECOND: '10000',
    // Long enough that what kills leave in doubt is counted before it is looked up.
    SETTLE_WINDOW_S: '86400',
  };
}

async function startWorker(): Promise<WorkerProcess> {
  const worker = startWorkerProcess(environment('worker'));
  running.push(worker);
  await worker.ready;
  return worker;
}

async function kill(workers: readonly WorkerProcess[]): Promise<void> {
  for (const worker of workers) worker.signal('SIGKILL');
  await Promise.all(workers.map(({ gone }) => gone));
  // Connections of the dead are rolled back by the server as soon as it notices.
  await waitFor(async () => {
    const [row] = await bench.rows(
      `select count(*)::int as count from pg_stat_activity
       where usename = 'sotto_worker' and datname = current_database()`,
    );
    return row?.count === 0;
  });
}

/** Small, fast and the same for a seed: which moment is chosen must be repeatable. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function untilSettled(): Promise<void> {
  await waitFor(async () => {
    const states = await bench.states();
    return !states.scheduled && !states.queued && !states.sending;
  }, 40_000);
}

const expectNothingLostOrDoubled = (seeded: readonly SeededReminder[]) =>
  expectEachOnce(seeded, { peer, bench });

describe('worker processes that are killed', () => {
  it(`lose and double none of ${count} reminders, and leave in doubt only what was in the air, until it is looked up`, async () => {
    console.info(`seed ${seed}`);
    const random = randomFrom(seed);
    peer.answer = async () => {
      await wait(random() * 40);
      return 'accept' as const;
    };
    const scheduler = await runScheduler(
      loadConfig({ ...environment('scheduler'), LOG_LEVEL: 'silent' }),
    );
    const organisationId = await database.createOrganisation();
    const options = { organisationId, epochPublicKey, parcelDay };
    const seeded = await seedReminders(database.admin, { ...options, count });
    let inTheAirMax = 0;
    for (let round = 0; round < 6; round += 1) {
      const before = peer.requests();
      const workers = await Promise.all([startWorker(), startWorker()]);
      await waitFor(() => peer.requests() > before, 20_000, 2).catch(() => {});
      await wait(random() * 120);
      await kill(workers);
      const [open] = await bench.rows(
        'select count(*)::int as count from attempts where outcome is null',
      );
      inTheAirMax += open?.count as number;
      await bench.passLeases();
      await bench.sweep();
      if (!(await bench.states()).scheduled) break;
    }
    const survivor = await startWorker();
    await untilSettled();
    const uncertain = await expectNothingLostOrDoubled(seeded);
    expect(uncertain).toBe(inTheAirMax);
    expect(uncertain).toBeGreaterThan(0);
    // Its window is over: what the peer has is sent, and what was killed before it left is sent now.
    await database.admin.query(
      `update reminders set doubted_at = doubted_at - interval '25 hours' where state = 'uncertain'`,
    );
    await waitFor(async () => (await bench.states()).sent === count, 30_000);
    expect(await expectNothingLostOrDoubled(seeded)).toBe(0);
    expect(peer.accepted).toHaveLength(count);
    survivor.signal('SIGTERM');
    expect(await survivor.gone).toBe(0);
    await scheduler.close();
  }, 180_000);
});

describe('a worker process that is frozen and thawed', () => {
  it('sends nothing that others have taken in the meantime', async () => {
    peer.answer = async () => {
      await wait(30);
      return 'accept' as const;
    };
    const organisationId = await database.createOrganisation();
    const options = { organisationId, epochPublicKey, parcelDay };
    const seeded = await seedReminders(database.admin, { ...options, count: 300 });
    const frozen = await startWorker();
    const scheduler = await runScheduler(
      loadConfig({ ...environment('scheduler'), LOG_LEVEL: 'silent' }),
    );
    await waitFor(() => peer.requests() > 0, 20_000, 2);
    frozen.signal('SIGSTOP');
    await waitFor(async () => {
      const before = peer.requests();
      await wait(100);
      return peer.requests() === before;
    });
    await bench.passLeases();
    await bench.sweep();
    const other = await startWorker();
    await waitFor(async () => !(await bench.states()).scheduled, 30_000);
    frozen.signal('SIGCONT');
    await untilSettled();
    await wait(500);
    await expectNothingLostOrDoubled(seeded);
    for (const worker of [frozen, other]) worker.signal('SIGTERM');
    expect(await Promise.all([frozen.gone, other.gone])).toEqual([0, 0]);
    await scheduler.close();
  }, 120_000);
});

describe('a worker process that is told to end', () => {
  it('stores what was in the air, gives back the rest and ends in time', async () => {
    peer.answer = async () => {
      await wait(700);
      return 'accept' as const;
    };
    const organisationId = await database.createOrganisation();
    const options = { organisationId, epochPublicKey, parcelDay };
    const seeded = await seedReminders(database.admin, { ...options, count: 200 });
    const worker = await startWorker();
    const scheduler = await runScheduler(
      loadConfig({ ...environment('scheduler'), LOG_LEVEL: 'silent' }),
    );
    await waitFor(() => peer.requests() >= 32, 20_000, 2);
    const toldAt = performance.now();
    worker.signal('SIGTERM');
    expect(await worker.gone).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(8_000);
    const states = await bench.states();
    expect(states.sent).toBe(peer.accepted.length);
    expect(states.sending ?? 0).toBe(0);
    expect(states.uncertain ?? 0).toBe(0);
    expect(await bench.rows(`select from heartbeats where name = 'dispatch'`)).toEqual([]);

    peer.answer = () => 'accept';
    await bench.passLeases();
    const next = await startWorker();
    await untilSettled();
    await expectNothingLostOrDoubled(seeded);
    next.signal('SIGTERM');
    expect(await next.gone).toBe(0);
    await scheduler.close();
  }, 90_000);
});

describe('database connections that are cut', () => {
  it('again and again end no process, and lose and double nothing', async () => {
    const random = randomFrom(seed + 1);
    peer.answer = async () => {
      await wait(random() * 20);
      return 'accept' as const;
    };
    const organisationId = await database.createOrganisation();
    const options = { organisationId, epochPublicKey, parcelDay };
    const seeded = await seedReminders(database.admin, { ...options, count: 400 });
    const worker = await startWorker();
    const scheduler = await runScheduler(
      loadConfig({ ...environment('scheduler'), LOG_LEVEL: 'silent' }),
    );
    await waitFor(() => peer.requests() > 0, 20_000, 2);
    for (let cut = 0; cut < 25; cut += 1) {
      await database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename in ('sotto_worker', 'sotto_scheduler')`,
      );
      await wait(random() * 150);
    }
    await bench.passLeases();
    await bench.sweep();
    await untilSettled();
    await expectNothingLostOrDoubled(seeded);
    // What was known was stored: nothing died, so nothing need stay in doubt.
    expect(await bench.states()).toEqual({ sent: 400 });
    worker.signal('SIGTERM');
    expect(await worker.gone).toBe(0);
    await scheduler.close();
  }, 120_000);
});

describe('a worker process without a queue', () => {
  it('finds what is waiting by itself', async () => {
    const organisationId = await database.createOrganisation();
    const options = { organisationId, epochPublicKey, parcelDay };
    const seeded = await seedReminders(database.admin, { ...options, count: 50 });
    await queue.goAway();
    const worker = await startWorker();
    const scheduler = await runScheduler(
      loadConfig({ ...environment('scheduler'), LOG_LEVEL: 'silent' }),
    );
    await waitFor(async () => (await bench.states()).sent === 50, 20_000);
    await expectNothingLostOrDoubled(seeded);
    worker.signal('SIGTERM');
    expect(await worker.gone).toBe(0);
    await scheduler.close();
    await queue.comeBack();
  }, 60_000);
});
