import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { createBells } from '../../src/queue/bells.ts';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { superviseRole } from '../../src/supervisor/children.ts';
import { listenForBells } from '../../workers/runner.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parcelDay, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { type StallingProxy, startStallingProxy } from '../support/stalling-proxy.ts';
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

/** A moment in which every connection dies without a word; new ones work. */
function dieSilently(proxy: StallingProxy): void {
  proxy.stall();
  proxy.heal();
}

describe('a bell that a process leaves to others', () => {
  it('rings for them, and again for itself while there are none', async ({
    onTestFinished,
    expect,
  }) => {
    const left: string[] = [];
    const taken: string[] = [];
    const listen = (onBatch: (batchId: string) => Promise<unknown>) => {
      const url = database.roleUrls.worker;
      const listener = listenForBells({ url, concurrency: 4, onBatch, log: silentLog });
      onTestFinished(() => listener.close(1_000));
    };
    const { ring, close } = createBells({ url: database.roleUrls.scheduler, log: silentLog });
    onTestFinished(close);
    listen(async (batchId) => {
      left.push(batchId);
      return 'left';
    });
    const batchId = randomUUID();
    ring(batchId);
    await waitFor(() => left.length > 2, 30_000);
    expect(new Set(left)).toEqual(new Set([batchId]));
    listen(async (heard) => void taken.push(heard));
    await waitFor(() => taken.length > 0, 30_000);
    expect(taken).toEqual([batchId]);
  });
});

// They wait far more than they work.
describe.concurrent('a listener whose connections have died without a word', () => {
  it('says that it is deaf, which nothing else would', async ({ onTestFinished, expect }) => {
    const proxy = await startStallingProxy(database.roleUrls.worker);
    onTestFinished(proxy.close);
    const heard: string[] = [];
    let deaf = 0;
    const listener = listenForBells({
      url: proxy.url,
      concurrency: 4,
      onBatch: async (batchId) => void heard.push(batchId),
      onDeaf: () => {
        deaf += 1;
      },
      deafAfterMs: 7_000,
      log: silentLog,
    });
    const { ring, close } = createBells({ url: database.roleUrls.scheduler, log: silentLog });
    onTestFinished(close);
    onTestFinished(() => listener.close(1_000));
    const ringUntil = (done: (batchId: string) => boolean) =>
      waitFor(
        () => {
          const batchId = randomUUID();
          ring(batchId);
          return done(batchId);
        },
        30_000,
        200,
      );
    await ringUntil(() => heard.length > 0);
    dieSilently(proxy);
    heard.length = 0;
    await ringUntil(() => deaf > 0);
    expect(heard).toEqual([]);
  });

  it('says so too when bells in its hands hold all connections', async ({ onTestFinished }) => {
    const proxy = await startStallingProxy(database.roleUrls.worker);
    onTestFinished(proxy.close);
    const died = Promise.withResolvers<void>();
    let inHand = 0;
    let deaf = 0;
    const listener = listenForBells({
      url: proxy.url,
      concurrency: 8,
      onBatch: () => {
        inHand += 1;
        return died.promise;
      },
      onDeaf: () => {
        deaf += 1;
      },
      deafAfterMs: 7_000,
      log: silentLog,
    });
    const { ring, close } = createBells({ url: database.roleUrls.scheduler, log: silentLog });
    onTestFinished(close);
    onTestFinished(() => listener.close(1_000));
    await waitFor(
      () => {
        ring(randomUUID());
        return inHand > 3;
      },
      30_000,
      200,
    );
    dieSilently(proxy);
    died.resolve();
    await waitFor(() => deaf > 0, 30_000);
  });

  it('is not deaf while there is nothing to hear', async ({ onTestFinished, expect }) => {
    let deaf = 0;
    const listener = listenForBells({
      url: database.roleUrls.worker,
      concurrency: 4,
      onBatch: async () => {},
      onDeaf: () => {
        deaf += 1;
      },
      deafAfterMs: 9_000,
      log: silentLog,
    });
    onTestFinished(() => listener.close(1_000));
    await wait(11_000);
    expect(deaf).toBe(0);
  });
});

describe.concurrent('a worker that has lost its bells', () => {
  it('ends, is replaced, and nothing is lost or sent twice', async ({ onTestFinished, expect }) => {
    const proxy = await startStallingProxy(database.roleUrls.worker);
    onTestFinished(proxy.close);
    const notes: string[] = [];
    const env = {
      PATH: process.env.PATH ?? '',
      ...roleEnv('worker'),
      DATABASE_DIRECT_URL: proxy.url.reveal(),
    };
    const pids: number[] = [];
    const worker = superviseRole({
      name: 'worker',
      command: process.execPath,
      args: [fileURLToPath(new URL('../support/small-deaf-worker.ts', import.meta.url))],
      env,
      log: { path: 'nowhere', write: () => {}, note: (line) => void notes.push(line) },
      onStarted: ({ pid }) => pids.push(pid),
    });
    onTestFinished(() => worker.stop());
    await worker.ready;
    const scheduler = await runScheduler(loadConfig(roleEnv('scheduler')));
    onTestFinished(() => scheduler.close());
    const epochPublicKey = await fileKeyStore(keyFolder).epochPublicKey(parcelDay);
    if (!epochPublicKey) throw new Error('no epoch key');
    const organisationId = await database.createOrganisation();
    const seed = (count: number) =>
      seedReminders(database.admin, { organisationId, epochPublicKey, parcelDay, count });
    await seed(20);
    await waitFor(() => peer.accepted.length === 20);

    expect(pids).toHaveLength(1);
    dieSilently(proxy);
    await seed(30);
    await waitFor(() => pids.length === 2, 40_000);
    expect(notes.join()).toContain('ended (exit code 1)');
    await seed(30);
    await waitFor(() => peer.accepted.length >= 80, 20_000);
    expect(new Set(peer.accepted.map(({ to }) => to)).size).toBe(80);
    expect(peer.accepted).toHaveLength(80);
  });
});

function roleEnv(role: 'worker' | 'scheduler'): Record<string, string> {
  return {
    DATABASE_URL: database.roleUrls[role].reveal(),
    KEYSTORE: `file:${keyFolder}`,
    LOG_LEVEL: 'silent',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: peer.url,
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'reminders@sotto.example',
    JOURNAL: `file:${keyFolder}/journal`,
  };
}
