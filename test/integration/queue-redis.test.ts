import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createBells } from '../../src/queue/bells.ts';
import { queueBackend } from '../../src/queue/queue-backend.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { listenForBells } from '../../workers/runner.ts';
import { cpuMsOf } from '../support/cpu-ms.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type StallingProxy, startStallingProxy } from '../support/stalling-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

let redis: RedisServer;
let proxy: StallingProxy;
const open: { close(waitMs: number): Promise<void> }[] = [];
let heard: string[];
let said: string[];
const log: Log = {
  ...silentLog,
  warn: (phrase, facts) => void said.push(`${phrase} ${facts?.code ?? ''}`.trim()),
};

beforeAll(async () => {
  redis = await startRedis();
  proxy = await startStallingProxy(redis.url);
});
beforeEach(async () => {
  heard = [];
  said = [];
  await redis.admin.flushall();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close(500)));
  // None is left behind, whatever happened: one would keep a process from ending.
  const others = async () => (await redis.admin.client('LIST')) as string;
  await waitFor(async () => (await others()).trim().split('\n').length === 1);
});
afterAll(async () => {
  await proxy.close();
  await redis.stop();
});

function bells(url = redis.url) {
  const made = createBells({ url, log });
  open.push(made);
  return made;
}

function listen(
  onBatch: (batchId: string) => Promise<unknown> = async (batchId) => void heard.push(batchId),
  url = redis.url,
) {
  const onDeaf = () => void said.push('deaf');
  open.push(listenForBells({ url, concurrency: 4, onBatch, onDeaf, deafAfterMs: 12_000, log }));
}

/** A bell rung now is heard within seconds, and by whoever has been listening all along. */
async function expectHeard(ring: (batchId: string) => void, timeoutMs = 20_000): Promise<void> {
  const rung = new Set<string>();
  await waitFor(
    () => {
      const batchId = randomUUID();
      rung.add(batchId);
      ring(batchId);
      return heard.some((heardId) => rung.has(heardId));
    },
    timeoutMs,
    100,
  );
}

describe('Redis holds', () => {
  // Bells may be lost while the machine stands still, and then fewer are heard.
  it('after 10,000 bells what it held before', { retry: 2 }, async () => {
    // Without the buffers of connections, which are as large as what came last.
    const memory = async () =>
      Number(/used_memory_dataset:(\d+)/.exec(await redis.admin.info('memory'))?.[1] ?? 0);
    let count = 0;
    listen(async () => {
      count += 1;
    });
    const { ring } = bells();
    const ringAll = async (times: number) => {
      const upTo = count + times;
      for (let rung = 0; rung < times; rung += 500) {
        for (let index = 0; index < 500; index += 1) ring(randomUUID());
        await waitFor(() => count >= upTo - times + rung + 500, 20_000, 5);
      }
    };
    await ringAll(1_000);
    const before = await memory();
    await ringAll(10_000);
    await waitFor(async () => (await redis.admin.keys('*')).length <= 6);
    // The list of events is cut in pieces of a hundred or so.
    expect(await redis.admin.xlen('{sotto}:bells:events')).toBeLessThan(600);
    expect((await memory()) - before).toBeLessThan(100_000);
    expect(said).toEqual([]);
  });

  it('all of the queue in one slot, so that a cluster takes its commands', async () => {
    const cluster = await startRedis({ 'cluster-enabled': 'yes' });
    await cluster.admin.cluster('ADDSLOTSRANGE', 0, 16_383);
    await waitFor(async () => (await cluster.admin.cluster('INFO')).includes('cluster_state:ok'));
    listen(undefined, cluster.url);
    const { ring } = bells(cluster.url);
    await expectHeard(ring);
    expect(said).toEqual([]);
    await Promise.all(open.splice(0).map((one) => one.close(500)));
    await cluster.stop();
  });
});

describe('a bell that a process leaves to others', () => {
  it('rings for them, and again for itself while there are none', async () => {
    let times = 0;
    listen(async () => {
      times += 1;
      return 'left';
    });
    const batchId = randomUUID();
    bells().ring(batchId);
    await waitFor(() => times > 2, 30_000);
    listen();
    await waitFor(() => heard.length > 0, 30_000);
    expect(heard).toEqual([batchId]);
    expect(said).toEqual([]);
  });
});

describe('a Redis that answers nothing any more', () => {
  it('keeps nobody waiting, fills no memory, and is used again when it answers', async () => {
    listen(undefined, proxy.url);
    const { ring } = bells(proxy.url);
    await expectHeard(ring);
    proxy.stall();
    const tookMs = await cpuMsOf(() => {
      for (let count = 0; count < 5_000; count += 1) ring(randomUUID());
    });
    expect(tookMs).toBeLessThan(2_000);
    // Past a thousand on their way each is lost at once, the others when no answer has come.
    expect(said.filter((line) => line === 'a bell was lost').length).toBeGreaterThanOrEqual(4_000);
    await waitFor(() => said.length >= 5_000);
    // Both sides see it and try anew, though no connection was ever closed.
    const before = proxy.connections();
    await waitFor(() => proxy.connections() >= before + 3, 20_000);
    proxy.heal();
    await expectHeard(ring);
    // No reason to end the process: it asks with a time limit, and hears of what is wrong.
    expect(said).not.toContain('deaf');
  });

  it('does so from the start: who listens and who rings wait for nothing', async () => {
    proxy.stall();
    listen(undefined, proxy.url);
    const { ring } = bells(proxy.url);
    ring(randomUUID());
    await waitFor(() => said.includes('a bell was lost timeout'));
    proxy.heal();
    await expectHeard(ring);
  });

  it('is left in time when the process ends', async () => {
    listen(undefined, proxy.url);
    const made = bells(proxy.url);
    await expectHeard(made.ring);
    proxy.stall();
    made.ring(randomUUID());
    const startedAt = performance.now();
    await Promise.all(open.splice(0).map((one) => one.close(1_000)));
    // Of the eight seconds that a process has.
    expect(performance.now() - startedAt).toBeLessThan(7_500);
    proxy.heal();
  });
});

describe('the same listener and the same bells go on after', () => {
  /** Said a few times over, not once for each try of a loop that does not rest. */
  afterEach(() => {
    expect(said.filter((line) => line.startsWith('the queue is away')).length).toBeLessThan(20);
  });

  it('kill -9 and a start with nothing in it, again and again', async () => {
    listen();
    const { ring } = bells();
    for (let times = 0; times < 3; times += 1) {
      await expectHeard(ring);
      await redis.kill();
      ring(randomUUID());
      await wait(times * 400);
      await redis.restart();
    }
    await expectHeard(ring);
  });

  it('FLUSHALL while batches are under way', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    listen(async (batchId) => {
      heard.push(batchId);
      await held;
    });
    const { ring } = bells();
    for (let count = 0; count < 8; count += 1) ring(randomUUID());
    await waitFor(() => heard.length === 4);
    await redis.admin.flushall();
    release();
    await expectHeard(ring);
    await redis.admin.flushall();
    await expectHeard(ring);
  });

  it('a fail-over that leaves it read-only for a while', async () => {
    listen();
    const { ring } = bells();
    await expectHeard(ring);
    await redis.admin.replicaof('127.0.0.1', '1');
    await expect
      .poll(() => {
        ring(randomUUID());
        return said.some((line) => line.startsWith('a bell was lost'));
      })
      .toBe(true);
    await wait(1_000);
    await redis.admin.replicaof('NO', 'ONE');
    await expectHeard(ring);
  });

  it('memory that is full for a while', async () => {
    listen();
    const { ring } = bells();
    await expectHeard(ring);
    await redis.admin.config('SET', 'maxmemory', '1');
    ring(randomUUID());
    await waitFor(() => said.includes('a bell was lost OOM'));
    await wait(1_500);
    await redis.admin.config('SET', 'maxmemory', '0');
    await expectHeard(ring);
  });

  it('connections that are cut one after another', async () => {
    listen();
    const { ring } = bells();
    for (let times = 0; times < 8; times += 1) {
      await expectHeard(ring);
      await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await wait(times * 60);
    }
    await expectHeard(ring);
  });
});

describe('a connection that was closed', () => {
  it('stays closed, also when BullMQ was just about to make it anew', async () => {
    const { connection, createBackend } = queueBackend({ url: redis.url, connectionsMax: 1 });
    const backend = createBackend('bells', { connection }, { withBlockingConnection: true });
    backend.on('error', () => {});
    await backend.waitUntilReady();
    await backend.close(true);
    await backend.reconnectBlocking().catch(() => {});
    // That none is left is looked at after each test.
  });
});

describe('what is said of it', () => {
  it('is a code: no address, user or password', async () => {
    const lines: string[] = [];
    const url = new Secret(redis.url.reveal().replace('//', '//planted-user:planted-secret@'));
    const spy: Log = {
      ...silentLog,
      warn: (phrase, facts) => void lines.push(JSON.stringify([phrase, facts])),
    };
    const { ring, close } = createBells({ url, log: spy });
    const listener = listenForBells({ url, concurrency: 1, onBatch: async () => {}, log: spy });
    ring(randomUUID());
    await waitFor(() => lines.length >= 2);
    await Promise.all([close(), listener.close(500)]);
    expect(lines.join()).toContain('redis_refuses_user');
    expect(lines.join()).not.toMatch(/planted|127\.0\.0\.1|redis:\/\//);
  });
});
