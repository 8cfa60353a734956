import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Secret } from '../../src/domain/secret.ts';
import { waitFor } from './wait-for.ts';

/** How to start a server: its program, and where its libraries lie (may be empty). */
export interface RedisProgram {
  readonly program: string;
  readonly libraries: string;
}

/** A Redis or Valkey of one's own. */
export interface RedisServer {
  readonly url: Secret<string>;
  /** A way in for arranging and for looking. */
  readonly admin: Redis;
  /** As a machine that loses its power; what it held is gone with it. */
  kill(): Promise<void>;
  /** Starts it anew and empty, in the same place. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Kills it as soon as nobody holds the other end of its input, as when the test process has died. */
const guarding = '"$@" & cat; kill -9 $!; wait';

/** @throws when there is none on this machine, with the words that say how to get one */
export function findRedis(): RedisProgram {
  const script = fileURLToPath(new URL('../../scripts/find-redis.mjs', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' }));
}

/** @param settings as on its command line, by name */
export async function startRedisProcess(
  { program, libraries }: RedisProgram,
  settings: Record<string, string> = {},
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-redis-'));
  const port = await freePort();
  const all = { 'maxmemory-policy': 'noeviction', ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  let guard: ChildProcess | undefined;
  const url = new Secret(`redis://127.0.0.1:${port}`);
  const admin = new Redis(url.reveal(), { maxRetriesPerRequest: 0, retryStrategy: () => 50 });
  admin.on('error', () => {});

  async function start(): Promise<void> {
    const command = [program, ...address, '--save', '', '--appendonly', 'no', ...flags];
    guard = spawn('sh', ['-c', guarding, 'sh', ...command], {
      env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await waitFor(async () => (await admin.ping().catch(() => '')) === 'PONG', 5_000, 10);
  }
  async function kill(): Promise<void> {
    if (!guard || guard.exitCode !== null) return;
    const gone = once(guard, 'exit');
    guard.stdin?.end();
    await gone;
  }
  await start();
  return {
    url,
    admin,
    kill,
    restart: start,
    async stop() {
      admin.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
