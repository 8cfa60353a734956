import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { makeEpochKeys } from '../../src/usecases/keep-epoch-keys.ts';
import { connectionsOf } from '../../workers/routes.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, parcelDay } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type SeededReminder, type SeedOptions, seedReminders } from '../support/seed-reminders.ts';
import { type Misbehaviour, type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const connections = connectionsOf(loadConfig({}));
const seed = Number(process.env.SOTTO_TEST_SEED ?? 20_261_122);

let database: TestDatabase;
let queue: TestedQueue;
let phones: MessagesPeer;
let mail: SmtpPeer;
let bench: ReturnType<typeof createDispatchBench>;
let keyFolder: string;
let epochPublicKey: Buffer;
const running: WorkerProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  phones = await startMessagesPeer();
  mail = await startSmtpPeer();
  bench = createDispatchBench(database, phones);
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
  const keys = fileKeyStore(keyFolder);
  await makeEpochKeys({ keys, now: () => Temporal.Now.instant() });
  epochPublicKey = (await keys.epochPublicKey(parcelDay)) ?? Buffer.alloc(0);
});
afterAll(async () => {
  for (const worker of running) worker.signal('SIGKILL');
  await phones.close();
  await mail.close();
  await queue.stop();
  await database.drop();
  rmSync(keyFolder, { recursive: true });
});
beforeEach(async () => {
  phones.forget();
  mail.misbehave = undefined;
  await database.admin.query('truncate organisations, batches, heartbeats, events cascade');
});

function environment(role: 'worker' | 'scheduler'): Record<string, string> {
  return {
    ...queue.environment,
    DATABASE_URL: database.roleUrls[role].reveal(),
    KEYSTORE: `file:${keyFolder}`,
    JOURNAL: `file:${keyFolder}/journal`,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: phones.url,
    SMTP_URL: mail.url,
    MAIL_FROM: 'reminders@sotto.example',
    SMS_PER_SECOND: '10000',
    // What is in doubt stays so: here only what the kills themselves do is looked at.
    SETTLE_WINDOW_S: '86400',
    EMAIL_PER_SECOND: '10000',
  };
}

const schedule = () =>
  runScheduler(loadConfig({ ...environment('scheduler'), LOG_LEVEL: 'silent' }));

async function startWorker(): Promise<WorkerProcess> {
  const worker = startWorkerProcess(environment('worker'));
  running.push(worker);
  await worker.ready;
  return worker;
}

async function kill(worker: WorkerProcess): Promise<void> {
  worker.signal('SIGKILL');
  await worker.gone;
  // Connections of the dead are rolled back by the server as soon as it notices.
  await waitFor(async () => {
    const [row] = await bench.rows(
      `select count(*)::int as count from pg_stat_activity
       where usename = 'sotto_worker' and datname = current_database()`,
    );
    return row?.count === 0;
  });
}

async function end(worker: WorkerProcess): Promise<void> {
  worker.signal('SIGTERM');
  expect(await worker.gone).toBe(0);
}

async function book(
  options: Pick<SeedOptions, 'count' | 'channels'>,
): Promise<readonly SeededReminder[]> {
  const organisationId = await database.createOrganisation();
  const given = { organisationId, epochPublicKey, parcelDay, ...options };
  return seedReminders(database.admin, given);
}

async function untilSettled(): Promise<void> {
  await waitFor(async () => {
    const states = await bench.states();
    return !states.scheduled && !states.queued && !states.sending;
  }, 40_000);
}

async function countOpen(): Promise<number> {
  const [row] = await bench.rows(
    'select count(*)::int as count from attempts where outcome is null',
  );
  return row?.count as number;
}

/**
 * Both ledgers against our tables: each reminder was sent once, by one channel, or is in doubt and
 * at most once with a provider.
 *
 * @returns how many are in doubt
 */
async function expectEachOnceByEither(seeded: readonly SeededReminder[]): Promise<number> {
  const arrived = [...phones.accepted, ...mail.taken].map(({ to }) => to);
  const copies = new Map<string, number>();
  for (const to of arrived) copies.set(to, (copies.get(to) ?? 0) + 1);
  const rows = await bench.rows('select id, state, possible_duplicate from reminders');
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { id, phone, email } of seeded) {
    const row = byId.get(id);
    const count = (copies.get(phone) ?? 0) + (copies.get(email) ?? 0);
    expect(['sent', 'uncertain']).toContain(row?.state);
    expect(count).toBeLessThanOrEqual(1);
    if (row?.state === 'sent') expect(count).toBe(1);
    expect(row?.possible_duplicate).toBe(false);
  }
  return rows.filter(({ state }) => state === 'uncertain').length;
}

const moments: [string, Misbehaviour, number][] = [
  ['before it said hello', { at: 'banner', does: 'stall' }, 0],
  ['before the message was asked for', { at: 'DATA', does: 'stall' }, 0],
  ['in the middle of the message', { at: 'body', does: 'stall' }, 0],
  ['after the dot of a message that was not taken', { at: 'dot', does: 'stall' }, 0],
  ['after the dot of one that was', { at: 'dot', does: 'stall', takes: true }, 8],
];

describe('a worker that is killed while a mail server keeps it waiting', () => {
  it.each(moments)(
    '%s leaves those in doubt and sends them no second time',
    async (_, misbehaviour, taken) => {
      const seeded = await book({ count: 30, channels: ['email'] });
      const before = mail.taken.length;
      mail.misbehave = misbehaviour;
      const scheduler = await schedule();
      const victim = await startWorker();
      // All that one lane may have in the air: nothing is ahead of a server that takes nothing.
      await waitFor(async () => (await countOpen()) === connections.email, 20_000, 10);
      await waitFor(() => mail.taken.length - before === taken, 20_000, 10);
      await kill(victim);
      mail.misbehave = undefined;
      await bench.passLeases();
      await bench.sweep();
      const survivor = await startWorker();
      await untilSettled();
      expect(await bench.states()).toEqual({ sent: 22, uncertain: 8 });
      expect(await expectEachOnceByEither(seeded)).toBe(8);
      expect(mail.taken.length - before).toBe(22 + taken);
      await end(survivor);
      await scheduler.close();
    },
    60_000,
  );
});

describe('a worker that is killed while a mail server is quick', () => {
  it('leaves in doubt no more than the sockets and what was written ahead of them', async () => {
    const seeded = await book({ count: 400, channels: ['email'] });
    const before = mail.taken.length;
    const scheduler = await schedule();
    const victim = await startWorker();
    await waitFor(() => mail.taken.length - before >= 60, 20_000, 1);
    await kill(victim);
    const taken = new Set(mail.taken.map(({ to }) => to));
    const open = await bench.rows('select reminder_id from attempts where outcome is null');
    const inDoubt = new Set(open.map((row) => row.reminder_id));
    const notTaken = seeded.filter(({ id, email }) => inDoubt.has(id) && !taken.has(email));
    expect(notTaken.length).toBeLessThanOrEqual(2 * connections.email);
    await bench.passLeases();
    await bench.sweep();
    const survivor = await startWorker();
    await untilSettled();
    expect(await expectEachOnceByEither(seeded)).toBe(open.length);
    await end(survivor);
    await scheduler.close();
  }, 60_000);
});

// Of the eight seconds that it has, seven are its providers': a machine that stands still for the last one
// has it end too late, whatever it does. One that overstays by itself does so each time.
describe('a worker that is told to end while every provider keeps it waiting', { retry: 2 }, () => {
  it('ends in time, and leaves in doubt only what a provider may have', async () => {
    mail.misbehave = { at: 'DATA', does: 'stall' };
    phones.answer = () => new Promise(() => {});
    const before = phones.requests();
    const emails = await book({ count: 30, channels: ['email'] });
    const texts = await book({ count: 40 });
    const scheduler = await schedule();
    const worker = await startWorker();
    await waitFor(
      async () => (await countOpen()) === connections.email + connections.sms,
      20_000,
      10,
    );
    await waitFor(() => phones.requests() - before === 32, 20_000, 10);
    const toldAt = performance.now();
    worker.signal('SIGTERM');
    const code = await worker.gone;
    const tookMs = performance.now() - toldAt;
    await scheduler.close();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(8_000);
    const states = await bench.rows(
      'select channel, state, count(*)::int as count from reminders group by 1, 2 order by 1, 2',
    );
    expect(states).toEqual([
      { channel: 'email', state: 'scheduled', count: emails.length },
      { channel: 'sms', state: 'scheduled', count: texts.length - 32 },
      { channel: 'sms', state: 'uncertain', count: 32 },
    ]);
    mail.misbehave = undefined;
    mail.cutAll();
  }, 60_000);
});

describe('workers that are killed again and again', () => {
  it('while half of what goes by SMS goes on by email lose and double none', async () => {
    console.info(`seed ${seed}`);
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    phones.answer = async (to) => {
      await wait(random() * 30);
      return Number(to.at(-1)) % 2 === 0 ? 'accept' : 'bad_number';
    };
    // Each kill leaves in doubt what was written ahead.
    const seeded = await book({ count: 1_500, channels: ['sms', 'email'] });
    const scheduler = await schedule();
    let openMax = 0;
    for (let round = 0; round < 5; round += 1) {
      const before = phones.requests();
      const worker = await startWorker();
      await waitFor(() => phones.requests() > before, 20_000, 2).catch(() => {});
      await wait(random() * 200);
      await kill(worker);
      openMax += await countOpen();
      await bench.passLeases();
      await bench.sweep();
    }
    const survivor = await startWorker();
    await untilSettled();
    const uncertain = await expectEachOnceByEither(seeded);
    expect(uncertain).toBe(openMax);
    expect(uncertain).toBeGreaterThan(0);
    const byEmail = await bench.rows(
      `select from reminders where state = 'sent' and channel = 'email'`,
    );
    expect(byEmail.length).toBeGreaterThan(50);
    await end(survivor);
    await scheduler.close();
  }, 180_000);
});

describe('a mail server that answers nobody', () => {
  it('holds up no SMS, though more emails are due than fit into every batch', async () => {
    mail.misbehave = { at: 'banner', does: 'stall' };
    await book({ count: 900, channels: ['email'] });
    const scheduler = await schedule();
    const worker = await startWorker();
    await waitFor(async () => (await countOpen()) === connections.email, 20_000, 10);
    const urgent = await book({ count: 150 });
    const isTold = () => new Set(phones.accepted.map(({ to }) => to)).size === urgent.length;
    // Well before a hand-over to the mail server is given up for the first time.
    await waitFor(isTold, 12_000, 20);
    // What the phones have is recorded a moment later; the emails are where they were.
    await waitFor(async () => (await countOpen()) === connections.email, 10_000, 20);
    mail.cutAll();
    mail.misbehave = undefined;
    await kill(worker);
    await scheduler.close();
  }, 60_000);
});
