import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ConfigError, loadConfig } from '../../config/env.ts';
import { checkRedis } from '../../src/doctor/check-redis.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createBells } from '../../src/queue/bells.ts';
import { createWatchedQueue } from '../../src/queue/watched-queue.ts';
import { checkedQueueUrl } from '../../src/roles/checked-queue.ts';
import { listenForBells } from '../../workers/runner.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type SeveralRedis, startCluster, startSentinels } from '../support/redis-several.ts';
import { waitFor } from '../support/wait-for.ts';

const database = 'postgres://sotto_scheduler@127.0.0.1:1/none';

describe.each([
  {
    kind: 'three Sentinels over a primary and its replica',
    start: startSentinels,
    lost: 'redis+sentinel://$1/nobody',
    mayTakeOverAnyway: false,
  },
  {
    kind: 'a cluster of three primaries with a replica each',
    start: startCluster,
    lost: 'redis+cluster://127.0.0.1:1',
    mayTakeOverAnyway: true,
  },
])('bells through $kind', ({ start, lost, mayTakeOverAnyway }) => {
  let several: SeveralRedis;
  beforeAll(async () => {
    several = await start(inject('redisServer'));
  });
  afterAll(() => several?.stop());

  it('are taken for sound by a role at its start and by whoever looks', async () => {
    const config = loadConfig({ DATABASE_URL: database, REDIS_URL: several.url.reveal() });
    expect((await checkedQueueUrl(config, silentLog)).reveal()).toBe(several.url.reveal());
    const found = await checkRedis(several.url);
    expect(found.filter(({ severity }) => severity !== 'fine')).toEqual([]);
    expect(found.length).toBeGreaterThan(3);
  });

  it('are refused where a replica would drop some of them, once it has taken over', async () => {
    const config = loadConfig({ DATABASE_URL: database, REDIS_URL: several.url.reveal() });
    await several.replica.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(checkedQueueUrl(config, silentLog)).rejects.toThrow(ConfigError);
    const found = await checkRedis(several.url);
    expect(found).toContainEqual(
      expect.objectContaining({ check: 'redis_eviction', severity: 'problem' }),
    );
    // Whoever runs already goes on ringing and hearing: nothing is dropped yet.
    const heard: string[] = [];
    const listener = listenForBells({
      ...{ url: several.url, concurrency: 1, log: silentLog },
      onBatch: async (batchId) => void heard.push(batchId),
    });
    const bells = createBells({ url: several.url, log: silentLog });
    const rings = () => {
      bells.ring(randomUUID());
      return heard.length > 0;
    };
    await waitFor(rings, 20_000, 100);
    await Promise.all([bells.close(), listener.close(500)]);
    await several.replica.config('SET', 'replica-priority', '0');
    const never = checkedQueueUrl(config, silentLog).then(() => 'started');
    expect(await never.catch(() => 'refused')).toBe(mayTakeOverAnyway ? 'refused' : 'started');
    await several.replica.config('SET', 'replica-priority', '100');
    await several.replica.config('SET', 'maxmemory-policy', 'noeviction');
    await checkedQueueUrl(config, silentLog);
  });

  it('are away, in seconds and with a word, where nobody knows a primary by that name', async () => {
    const url = new Secret(several.url.reveal().replace(/^.*:\/\/([^/]*).*$/, lost));
    const [finding] = await checkRedis(url);
    expect(finding).toMatchObject({ check: 'redis_reachable', severity: 'problem' });
  });

  it('are heard again by themselves after the server that has them is killed', {
    timeout: 120_000,
  }, async () => {
    const heard = new Set<string>();
    const rung: string[] = [];
    const listener = listenForBells({
      url: several.url,
      concurrency: 4,
      onBatch: async (batchId) => void heard.add(batchId),
      log: silentLog,
    });
    const bells = createBells({ url: several.url, log: silentLog });
    const board = createWatchedQueue({ url: several.url, log: silentLog });
    const ring = () => {
      const id = randomUUID();
      rung.push(id);
      bells.ring(id);
    };
    const hearsNew = async () => {
      ring();
      return rung.slice(-20).some((id) => heard.has(id));
    };
    await waitFor(hearsNew, 20_000, 100);
    expect((await board.count()).isPaused).toBe(false);

    await several.failOver();
    rung.length = 0;
    await waitFor(hearsNew, 20_000, 100);
    await waitFor(
      () =>
        board.count().then(
          () => true,
          () => false,
        ),
      20_000,
      100,
    );
    await Promise.all([bells.close(), listener.close(500), board.close()]);
  });
});
