import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRedis } from '../../src/doctor/check-redis.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const password = 'CANARY7f3a';
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis({ 'enable-protected-configs': 'yes' });
});
afterAll(() => redis.stop());

const set = (name: string, value: string) => redis.admin.config('SET', name, value);

async function illIn(url: Secret<string> = redis.url) {
  const found = await checkRedis(url);
  expect(JSON.stringify(found)).not.toContain(password);
  return found
    .filter(({ severity }) => severity !== 'fine')
    .map(({ check, severity, mend = '' }) => {
      expect(mend).toMatch(/\S/);
      return [check, severity];
    });
}

describe('whoever looks at Redis', () => {
  it('is told nothing but what is fine of one that is sound', async () => {
    expect(await illIn()).toEqual([]);
  });

  it('is told of one that may drop what it holds', async () => {
    await set('maxmemory-policy', 'allkeys-lru');
    expect(await illIn()).toEqual([['redis_eviction', 'problem']]);
    await set('maxmemory-policy', 'noeviction');
  });

  it('is told of one that is nearly full', async () => {
    const [, used] = /^used_memory:(\d+)/m.exec(await redis.admin.info('memory')) ?? [];
    await set('maxmemory', String(Math.round(Number(used) * 1.02)));
    expect(await illIn()).toEqual([['redis_memory', 'warning']]);
    await set('maxmemory', '0');
  });

  it('is told of one that could not write its disk', async () => {
    await set('dir', '/proc');
    await redis.admin.bgsave().catch(() => {});
    await expect.poll(() => redis.admin.info('persistence')).toMatch(/rdb_last_bgsave_status:err/);
    expect(await illIn()).toEqual([['redis_disk', 'problem']]);
  });

  it('is told of one that is away, and of one that refuses the password', async () => {
    const away = new Secret(`redis://user:${password}@127.0.0.1:1`);
    expect(await illIn(away)).toEqual([['redis_reachable', 'problem']]);
    const stranger = new Secret(redis.url.reveal().replace('//', `//nobody:${password}@`));
    expect(await illIn(stranger)).toEqual([['redis_login', 'problem']]);
  });
});
