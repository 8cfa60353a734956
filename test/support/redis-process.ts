import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Secret } from '../../src/domain/secret.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

/** How to start a server: its program, and where its libraries lie (may be empty). */
export interface RedisProgram {
  readonly program: string;
  readonly libraries: string;
}

/** A Redis or Valkey of one's own. */
export interface RedisServer {
  readonly url: Secret<string>;
  /** Where it speaks TLS, if it does. */
  readonly tlsPort: number | undefined;
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

/** A process that dies with this one. */
export function startGuarded({ program, libraries }: RedisProgram, args: readonly string[]) {
  const guard: ChildProcess = spawn('sh', ['-c', guarding, 'sh', program, ...args], {
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return {
    async kill(): Promise<void> {
      if (guard.exitCode !== null) return;
      const gone = once(guard, 'exit');
      guard.stdin?.end();
      await gone;
    },
  };
}

/** Where the key and certificate of a server lie, that speaks TLS beside what `admin` speaks. */
export interface RedisTls {
  readonly key: string;
  readonly cert: string;
}

/** As on the command line of a server, or of Sentinels, by name. */
export function tlsSettings({ key, cert }: RedisTls, port: number): Record<string, string> {
  return {
    'tls-port': String(port),
    ...{ 'tls-key-file': key, 'tls-cert-file': cert, 'tls-ca-cert-file': cert },
    ...{ 'tls-auth-clients': 'no', 'tls-replication': 'yes' },
  };
}

/** @param settings as on its command line, by name */
export async function startRedisProcess(
  program: RedisProgram,
  settings: Record<string, string> = {},
  tls?: RedisTls,
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-redis-'));
  const port = await freePort();
  const tlsPort = tls && (await freePort());
  const all = {
    'maxmemory-policy': 'noeviction',
    ...(tls && tlsPort && tlsSettings(tls, tlsPort)),
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  let guarded: ReturnType<typeof startGuarded> | undefined;
  const url = new Secret(`redis://127.0.0.1:${port}`);
  const admin = new Redis(url.reveal(), { maxRetriesPerRequest: 0, retryStrategy: () => 50 });
  admin.on('error', () => {});

  async function start(): Promise<void> {
    guarded = startGuarded(program, [...address, '--save', '', '--appendonly', 'no', ...flags]);
    await waitFor(async () => (await admin.ping().catch(() => '')) === 'PONG', 20_000, 10);
  }
  const kill = async () => guarded?.kill();
  await start();
  return {
    url,
    tlsPort,
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
