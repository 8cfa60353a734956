import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Config, loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { runWorker } from '../../workers/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parcelDay } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let keyFolder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await prepareQueue(database.adminUrl);
  peer = await startMessagesPeer();
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
});
afterAll(async () => {
  await peer.close();
  await database.drop();
  rmSync(keyFolder, { recursive: true });
});

function configFor(role: 'worker' | 'scheduler'): Config {
  return loadConfig({
    DATABASE_URL: database.roleUrls[role].reveal(),
    KEYSTORE: `file:${keyFolder}`,
    LOG_LEVEL: 'silent',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: peer.url,
  });
}

describe('the worker and the scheduler', () => {
  it('send what is due within seconds, and close with nothing left in the air', async () => {
    const worker = await runWorker(configFor('worker'));
    const scheduler = await runScheduler(configFor('scheduler'));
    const epochPublicKey = await fileKeyStore(keyFolder).epochPublicKey(parcelDay);
    if (!epochPublicKey) throw new Error('no epoch key');
    const organisationId = await database.createOrganisation();
    await seedReminders(database.admin, { organisationId, count: 120, epochPublicKey, parcelDay });

    const sent = async () => {
      const { rows } = await database.admin.query(
        `select count(*)::int as count from reminders where state = 'sent'`,
      );
      return rows[0].count === 120;
    };
    await waitFor(sent, 15_000);
    expect(peer.accepted).toHaveLength(120);
    expect(new Set(peer.accepted.map(({ to }) => to)).size).toBe(120);
    const beats = await database.admin.query('select distinct name from heartbeats order by 1');
    expect(beats.rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['dispatch', 'feed']),
    );
    await Promise.all([worker.close(), scheduler.close()]);
    const connections = async () => {
      const { rows } = await database.admin.query(
        `select count(*)::int as count from pg_stat_activity
         where datname = current_database() and usename in ('sotto_worker', 'sotto_scheduler')`,
      );
      return rows[0].count;
    };
    await waitFor(async () => (await connections()) === 0, 5_000);
  });
});
