import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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

function configFor(role: 'worker' | 'scheduler'): Config {
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
