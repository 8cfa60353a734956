import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../config/env.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createBells } from '../../src/queue/bells.ts';
import { openCheckedDatabase } from '../../src/roles/checked-database.ts';
import { checkedQueueUrl } from '../../src/roles/checked-queue.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { listenForBells } from '../../workers/runner.ts';
import { createTestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { startStallingProxy } from '../support/stalling-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const databaseUrl = 'postgres://sotto_scheduler@127.0.0.1:1/none';

let redis: RedisServer;
let said: string[];
const log: Log = {
  ...silentLog,
  warn: (phrase, facts) => void said.push(`${phrase} ${facts?.code ?? ''}`.trim()),
};

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  said = [];
  await redis.admin.config('SET', 'maxmemory-policy', 'noeviction');
});
afterAll(() => redis.stop());

const check = (url: Secret<string>) =>
  checkedQueueUrl(loadConfig({ DATABASE_URL: databaseUrl, REDIS_URL: url.reveal() }), log);

/** Answers INFO with these lines, EXISTS with that, and everything else with OK. */
async function startLiar(info: readonly string[], toExists = ':0') {
  const body = `# Server\r\n${info.join('\r\n')}\r\nloading:0\r\n`;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const command of chunk.toString().split(/(?=\*\d)/)) {
        const [, name = ''] = /\r\n([a-z]+)\r\n/i.exec(command) ?? [];
        const isInfo = name.toLowerCase() === 'info';
        const isExists = name.toLowerCase() === 'exists';
        if (isInfo) socket.write(`$${Buffer.byteLength(body)}\r\n${body}\r\n`);
        else socket.write(isExists ? `${toExists}\r\n` : '+OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new Secret(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { url, close: () => new Promise((resolve) => server.close(resolve)) };
}

describe('a role that rings or hears', () => {
  it('takes Redis where REDIS_URL names one, and PostgreSQL otherwise', async () => {
    expect((await check(redis.url)).reveal()).toBe(redis.url.reveal());
    const config = loadConfig({ DATABASE_URL: databaseUrl });
    expect((await checkedQueueUrl(config, log)).reveal()).toBe(databaseUrl);
    expect(said).toEqual([]);
  });

  it('does not start beside a Redis that evicts, and says what to set and nothing of the value', async () => {
    await redis.admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const url = redis.url.reveal();
    const ended = await new Promise<{ code: number | null; output: string }>((resolve) => {
      const env = { PATH: process.env.PATH, DATABASE_URL: databaseUrl, REDIS_URL: url };
      const child = execFile(process.execPath, [cli, 'scheduler'], { env }, (_, out, error) =>
        resolve({ code: child.exitCode, output: out + error }),
      );
    });
    expect(ended.code).not.toBe(0);
    expect(ended.output).toContain('REDIS_URL');
    expect(ended.output).toContain('set its maxmemory-policy to noeviction');
    expect(ended.output).not.toContain(new URL(url).port);
  });

  it('does not start beside a Redis older than 6.2, and does beside any Valkey', async () => {
    const old = await startLiar(['redis_version:6.0.16', 'maxmemory_policy:noeviction']);
    await expect(check(old.url)).rejects.toThrow(
      new ConfigError(['REDIS_URL: is older than Redis 6.2; upgrade it, or use Valkey']),
    );
    await old.close();
    const valkey = await startLiar(['redis_version:6.0.0', 'valkey_version:8.1.0']);
    await expect(check(valkey.url)).resolves.toBeInstanceOf(Secret);
    await valkey.close();
  });

  it('does not start beside one of several in a cluster', async () => {
    const one = await startLiar(['redis_version:7.2.0'], '-MOVED 866 10.0.0.7:6379');
    const refused = await check(one.url).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect(String(refused)).toContain('name a server that has all slots');
    await one.close();
  });

  it('does not start with a user or a password that Redis refuses', async () => {
    const url = new Secret(redis.url.reveal().replace('//', '//somebody:planted-secret@'));
    const refused = await check(url).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect(String(refused)).toContain('REDIS_URL: refuses this user or password');
    expect(String(refused)).not.toContain('planted');
  });

  it('starts without one that is away or does not answer, in seconds, because it can send without', async () => {
    const away = new Secret('redis://127.0.0.1:1');
    await check(away);
    expect(said).toEqual(['the queue is away ECONNREFUSED']);
    const proxy = await startStallingProxy(redis.url);
    proxy.stall();
    const startedAt = performance.now();
    await check(proxy.url);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(said).toContain('the queue is away timeout');
    await proxy.close();
  });
});

describe('the budget of connections to PostgreSQL', () => {
  it('counts those of the queue only where PostgreSQL carries it', async () => {
    const database = await createTestDatabase();
    const { rows } = await database.admin.query(
      `select current_setting('max_connections')::int as most`,
    );
    // Two more keep the pace of senders.
    const pool = Math.floor((rows[0].most - 2) / 5);
    const open = (more: Record<string, string>) => {
      const url = database.roleUrls.scheduler.reveal();
      const config = loadConfig({ DATABASE_URL: url, DATABASE_POOL_MAX: String(pool), ...more });
      return openCheckedDatabase(config, { role: 'scheduler', log });
    };
    await expect(open({})).rejects.toThrow('may be needed');
    await (await open({ REDIS_URL: redis.url.reveal() })).close();
    await database.drop();
  });
});

describe('a Redis found unfit later', () => {
  it('is not used until it is put right, and then without a restart', async () => {
    await redis.admin.config('SET', 'maxmemory-policy', 'volatile-lru');
    const heard: string[] = [];
    const listener = listenForBells({
      url: redis.url,
      concurrency: 1,
      onBatch: async (batchId) => void heard.push(batchId),
      log,
    });
    const bells = createBells({ url: redis.url, log });
    const ring = () => bells.ring(crypto.randomUUID());
    ring();
    await waitFor(() => said.includes('a bell was lost redis_evicts'));
    expect(said).toContain('the queue is away redis_evicts');
    expect(await redis.admin.dbsize()).toBe(0);
    await redis.admin.config('SET', 'maxmemory-policy', 'noeviction');
    await waitFor(() => {
      ring();
      return heard.length > 0;
    });
    await Promise.all([bells.close(), listener.close(500)]);
  });
});
