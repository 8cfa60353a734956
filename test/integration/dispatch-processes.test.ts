import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Config, loadConfig } from '../../config/env.ts';
import { silentMaxS } from '../../src/domain/duty-silence.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { runWorker } from '../../workers/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parcelDay } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let queue: TestedQueue;
let peer: MessagesPeer;
let mail: SmtpPeer;
let keyFolder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  peer = await startMessagesPeer();
  mail = await startSmtpPeer();
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
});
afterAll(async () => {
  await peer.close();
  await mail.close();
  await queue.stop();
  await database.drop();
  rmSync(keyFolder, { recursive: true });
});

function configFor(role: 'worker' | 'scheduler', more: Record<string, string> = {}): Config {
  return loadConfig({
    ...queue.environment,
    DATABASE_URL: database.roleUrls[role].reveal(),
    KEYSTORE: `file:${keyFolder}`,
    LOG_LEVEL: 'silent',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: peer.url,
    SMTP_URL: mail.url,
    MAIL_FROM: 'reminders@sotto.example',
    JOURNAL: `file:${keyFolder}/journal`,
    ...more,
  });
}

describe('the worker and the scheduler', () => {
  it('send what is due within seconds, and close with nothing left in the air', async () => {
    const worker = await runWorker(configFor('worker'));
    // The patient role is given these, so they must be there before anything is sent.
    for (const name of ['link', 'pepper', 'opt-out']) {
      expect(readdirSync(join(keyFolder, name)), name).toHaveLength(1);
    }
    const scheduler = await runScheduler(configFor('scheduler'));
    const epochPublicKey = await fileKeyStore(keyFolder).epochPublicKey(parcelDay);
    if (!epochPublicKey) throw new Error('no epoch key');
    const organisationId = await database.createOrganisation();
    const options = { organisationId, epochPublicKey, parcelDay };
    await seedReminders(database.admin, { ...options, count: 120 });
    await seedReminders(database.admin, { ...options, count: 40, channels: ['email'] });
    await seedReminders(database.admin, { ...options, count: 10, mode: 'test' });

    const sent = async () => {
      const { rows } = await database.admin.query(
        `select count(*)::int as count from reminders where state = 'sent'`,
      );
      return rows[0].count === 170;
    };
    await waitFor(sent, 30_000);
    expect(peer.accepted).toHaveLength(130);
    expect(new Set(peer.accepted.map(({ to }) => to)).size).toBe(130);
    expect(new Set(mail.taken.map(({ to }) => to)).size).toBe(40);
    expect(mail.taken).toHaveLength(40);
    // Each duty that would be missed is done by one of the two, and they do none that nobody would miss.
    const heard = async () => {
      const { rows } = await database.admin.query('select distinct name from heartbeats');
      return rows.map(({ name }) => name).toSorted();
    };
    const watched = Object.keys(silentMaxS).toSorted();
    await vi.waitFor(async () => expect(await heard()).toEqual(watched), 30_000);
    await Promise.all([worker.close(), scheduler.close()]);
    const connections = async () => {
      const { rows } = await database.admin.query(
        `select count(*)::int as count from pg_stat_activity
         where datname = current_database() and usename in ('sotto_worker', 'sotto_scheduler')`,
      );
      return rows[0].count;
    };
    await waitFor(async () => (await connections()) === 0);
  });
});

describe('a worker that cannot reach the provider while another one can', () => {
  it('puts nothing off: what it may not send goes out by the other', async () => {
    // How a bell is passed on there is in queue-redis.test.ts.
    if (queue.kind === 'redis') return;
    const cutOff = { TWILIO_BASE_URL: 'http://127.0.0.1:9' };
    const processes = [
      await runWorker(configFor('worker')),
      await runWorker(configFor('worker', cutOff)),
      await runScheduler(configFor('scheduler')),
    ];
    onTestFinished(async () => void (await Promise.all(processes.map((one) => one.close()))));
    const epochPublicKey = await fileKeyStore(keyFolder).epochPublicKey(parcelDay);
    if (!epochPublicKey) throw new Error('no epoch key');
    const organisationId = await database.createOrganisation();
    const seed = async (count: number) => {
      const options = { organisationId, epochPublicKey, parcelDay, count };
      return (await seedReminders(database.admin, options)).map(({ id }) => id);
    };
    const isHeldUp = async () => {
      await seed(20);
      const { rows } = await database.admin.query(
        `select from heartbeats where name = 'held-up sms live'`,
      );
      return rows.length > 0;
    };
    await waitFor(isHeldUp, 60_000, 500);
    const isNoneOf = async (ids: readonly string[], condition: string) => {
      const { rows } = await database.admin.query(
        `select from reminders r where id = any($1::uuid[]) and ${condition} limit 1`,
        [ids],
      );
      return rows.length === 0;
    };
    const all: string[] = [];
    // One bell after the other, so that each process hears some.
    for (let bell = 0; bell < 8; bell += 1) {
      const ids = await seed(10);
      all.push(...ids);
      await waitFor(() => isNoneOf(ids, `state = 'scheduled' and due_at <= now()`), 30_000);
    }
    // But what was to find out whether it reaches the provider again.
    const isUntried = `not exists (select from attempts t
      where t.reminder_id = r.id and t.outcome = 'refused')`;
    await waitFor(() => isNoneOf(all, `state <> 'sent' and ${isUntried}`), 60_000);
    expect(await isNoneOf(all, `due_at > send_at and ${isUntried}`)).toBe(true);
  }, 180_000);
});
