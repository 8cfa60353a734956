import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Config, loadConfig } from '../../config/env.ts';
import { policiesFolder } from '../../scripts/vault-policies.ts';
import { keyStoreFromConfig } from '../../src/keys/key-store-from-config.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { runWorker } from '../../workers/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parcelDay } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { startVaultServer, type VaultServer } from '../support/vault-server.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let queue: TestedQueue;
let peer: MessagesPeer;
let mail: SmtpPeer;
let vault: VaultServer;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  [peer, mail, vault] = await Promise.all([
    startMessagesPeer(),
    startSmtpPeer(),
    startVaultServer(),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'sotto-without-vault-'));
});
afterAll(async () => {
  await Promise.all([peer.close(), mail.close(), vault.close()]);
  await queue.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function configFor(role: 'worker' | 'scheduler'): Promise<Config> {
  return loadConfig({
    ...queue.environment,
    DATABASE_URL: database.roleUrls[role].reveal(),
    KEYSTORE: `vault:${vault.url}/secret/sotto`,
    KEYSTORE_TOKEN: vault.issue(await readFile(join(policiesFolder, `${role}.hcl`), 'utf8')),
    LOG_LEVEL: 'silent',
    ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token' },
    ...{ TWILIO_FROM: '+33700000000', TWILIO_BASE_URL: peer.url },
    ...{ SMTP_URL: mail.url, MAIL_FROM: 'reminders@sotto.example' },
    JOURNAL: `file:${folder}/journal`,
  });
}

it('a worker that cannot reach Vault signs under no revoked key, and waits when it has no other', async () => {
  const config = await configFor('worker');
  const keys = keyStoreFromConfig(config);
  await keys.ensureLinkKey();
  await keys.addKey('link');
  const worker = await runWorker(config);
  const scheduler = await runScheduler(await configFor('scheduler'));
  try {
    const epochPublicKey = await keys.epochPublicKey(parcelDay);
    if (!epochPublicKey) throw new Error('no epoch key');
    const organisationId = await database.createOrganisation();
    const seed = (count: number) =>
      seedReminders(database.admin, { organisationId, epochPublicKey, parcelDay, count });
    const rows = async (sql: string) => (await database.admin.query(sql)).rows;
    /** Until the worker has read that it is: what is sent just before that waits for ten seconds. */
    const revoke = async (selector: string) => {
      await database.admin.query('insert into revoked_selectors values ($1)', [selector]);
      const [asked] = await rows('select clock_timestamp() as at');
      await waitFor(async () => {
        const [beat] = await rows(
          `select max(beat_at) as at from heartbeats where name like '%link-keys%'`,
        );
        return beat.at > asked.at;
      }, 30_000);
    };
    const sentUnder = () =>
      rows(`select l.selector, count(*)::int as count from links l join reminders r on r.id = l.reminder_id
        where r.state in ('sent', 'delivered') group by 1 order by 1`);

    vault.seal(true);
    await revoke('a');
    await seed(4);
    await waitFor(async () => (await sentUnder())[0]?.count === 4, 25_000);
    expect(await sentUnder()).toEqual([{ selector: 'b', count: 4 }]);

    await revoke('b');
    await seed(5);
    const waiting = () =>
      rows(`select reason_code, count(*)::int as count from reminders where state = 'scheduled'
        and due_at > clock_timestamp() + interval '11 s' group by 1`);
    await waitFor(async () => (await waiting())[0]?.count === 5, 25_000);
    expect(await waiting()).toEqual([{ reason_code: 'no_link_key', count: 5 }]);
    expect(await sentUnder()).toEqual([{ selector: 'b', count: 4 }]);
  } finally {
    await scheduler.close();
    await worker.close();
  }
});
