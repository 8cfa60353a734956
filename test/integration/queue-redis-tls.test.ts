import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { checkRedis } from '../../src/doctor/check-redis.ts';
import { createBells } from '../../src/queue/bells.ts';
import { checkedQueueUrl } from '../../src/roles/checked-queue.ts';
import { listenForBells } from '../../workers/runner.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type SeveralRedis, startCluster, startSentinels } from '../support/redis-several.ts';
import { selfSigned } from '../support/self-signed.ts';
import { waitFor } from '../support/wait-for.ts';

const database = 'postgres://sotto_scheduler@127.0.0.1:1/none';
const known = getCACertificates('default');
const { key, cert } = selfSigned();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-test-redis-tls-'));
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(folder, 'cert.pem'), cert);
});
afterAll(() => {
  setDefaultCACertificates(known);
  rmSync(folder, { recursive: true });
});
const files = () => ({ key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') });

describe.each([
  { kind: 'three Sentinels, a primary and its replica', start: startSentinels },
  { kind: 'a cluster', start: startCluster },
])('$kind that speak nothing but TLS', ({ start }) => {
  let several: SeveralRedis;
  beforeAll(async () => {
    setDefaultCACertificates(known);
    several = await start(inject('redisServer'), files());
  });
  afterAll(() => several?.stop());
  const config = () => loadConfig({ DATABASE_URL: database, REDIS_URL: several.url.reveal() });

  it('are not believed while nobody has vouched for their certificate', async () => {
    expect(await checkRedis(several.url)).toMatchObject([
      { check: 'redis_reachable', severity: 'problem' },
    ]);
  });

  it('carry bells once somebody has, and their replicas are looked at too', async () => {
    setDefaultCACertificates([...known, cert]);
    expect((await checkedQueueUrl(config(), silentLog)).reveal()).toMatch(/^rediss\+/);
    const heard = new Set<string>();
    const listener = listenForBells({
      url: several.url,
      concurrency: 1,
      onBatch: async (batchId) => void heard.add(batchId),
      log: silentLog,
    });
    const bells = createBells({ url: several.url, log: silentLog });
    const id = crypto.randomUUID();
    await waitFor(async () => {
      bells.ring(id);
      return heard.has(id);
    }, 30_000);
    await Promise.all([bells.close(), listener.close(500)]);
    await several.replica.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(checkedQueueUrl(config(), silentLog)).rejects.toThrow('that of replicas too');
  });
});
