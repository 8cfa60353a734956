import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Secret } from '../../src/domain/secret.ts';
import { freePort } from './free-port.ts';
import {
  type RedisProgram,
  type RedisServer,
  type RedisTls,
  startGuarded,
  startRedisProcess,
  tlsSettings,
} from './redis-process.ts';
import { waitFor } from './wait-for.ts';

/** Servers of which one takes over when the primary dies. */
export interface SeveralRedis {
  /** As `REDIS_URL` names them. */
  readonly url: Secret<string>;
  /** Kills the one that has the queue, and resolves with how long it took until another was chosen, in ms. */
  failOver(): Promise<number>;
  /** All that hold bells, for looking. */
  readonly servers: readonly RedisServer[];
  /** One that may take over, for arranging. */
  readonly replica: Redis;
  stop(): Promise<void>;
}

const name = 'bells';
/** A replica that asks for everything is not kept waiting for others that might. */
const atOnce = { 'repl-diskless-sync-delay': '0' };
/** How long a server must be silent before the others agree that it is dead. */
const silentMs = '1000';
/** Sentinels that stood still for a moment trust nobody for half a minute. */
const chosenMs = 50_000;

/** A primary, its replica, and three Sentinels of which two must agree. @param tls what all of them speak */
export async function startSentinels(program: RedisProgram, tls?: RedisTls): Promise<SeveralRedis> {
  const servers = [
    await startRedisProcess(program, atOnce, tls),
    await startRedisProcess(program, atOnce, tls),
  ];
  const [primary] = servers.map((server) => server.tlsPort ?? portOf(server));
  await servers[1]?.admin.replicaof('127.0.0.1', primary ?? 0);
  await waitFor(async () => (await infoOf(servers[1])).includes('master_link_status:up'));
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-sentinels-'));
  const ports = [await freePort(), await freePort(), await freePort()];
  const plainPorts = tls ? [await freePort(), await freePort(), await freePort()] : ports;
  const sentinels = ports.map((port, place) => {
    const file = join(folder, `${port}.conf`);
    const settings = [
      ...[`port ${plainPorts[place]}`, 'bind 127.0.0.1', `dir ${folder}`],
      ...Object.entries(tls ? tlsSettings(tls, port) : {}).map(
        ([name, value]) => `${name} ${value}`,
      ),
      `sentinel monitor ${name} 127.0.0.1 ${primary} 2`,
      ...[`down-after-milliseconds ${name} ${silentMs}`, `failover-timeout ${name} 3000`].map(
        (setting) => `sentinel ${setting}`,
      ),
    ];
    writeFileSync(file, settings.join('\n'));
    return startGuarded(program, [file, '--sentinel']);
  });
  const asked = new Redis({ port: plainPorts[0] ?? 0, retryStrategy: () => 50 });
  asked.on('error', () => {});
  const primaryPort = async () => {
    const answer = await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name).catch(() => null);
    return Number((answer as string[] | null)?.[1]);
  };
  await waitFor(async () => (await primaryPort()) === primary);
  await waitFor(async () => {
    const [facts] = (await asked.call('SENTINEL', 'MASTERS')) as string[][];
    const fact = (key: string) => Number(facts?.[facts.indexOf(key) + 1]);
    return fact('num-other-sentinels') === 2 && fact('num-slaves') === 1;
  }, 20_000);
  const hosts = ports.map((port) => `127.0.0.1:${port}`);
  return {
    url: new Secret(`${tls ? 'rediss' : 'redis'}+sentinel://${hosts.join(',')}/${name}`),
    servers,
    replica: adminOf(servers[1]),
    async failOver() {
      const before = await primaryPort();
      const dying = servers.find((server) => (server.tlsPort ?? portOf(server)) === before);
      await dying?.kill();
      const killedAt = performance.now();
      await waitFor(async () => (await primaryPort()) !== before, chosenMs, 20);
      const tookMs = performance.now() - killedAt;
      await dying?.restart();
      return tookMs;
    },
    async stop() {
      asked.disconnect();
      for (const process of sentinels) await process.kill();
      for (const server of servers) await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const slotsCount = 16_384;
/** That of every key that begins with our prefix. */
const ourKey = '{sotto}';

/** Three primaries with a part of the slots each, and a replica of each. @param tls what all of them speak */
export async function startCluster(program: RedisProgram, tls?: RedisTls): Promise<SeveralRedis> {
  const settings = {
    ...{ ...atOnce, 'cluster-enabled': 'yes', 'cluster-node-timeout': silentMs },
    ...(tls && { 'tls-cluster': 'yes' }),
  };
  const servers = await Promise.all(
    Array.from({ length: 6 }, () => startRedisProcess(program, settings, tls)),
  );
  const primaries = servers.slice(0, 3);
  const [first] = servers;
  await Promise.all(
    primaries.map(({ admin }, place) => {
      const from = Math.floor((place * slotsCount) / 3);
      const until = Math.floor(((place + 1) * slotsCount) / 3);
      return admin.cluster(
        'ADDSLOTS',
        ...Array.from({ length: until - from }, (_, at) => from + at),
      );
    }),
  );
  for (const server of servers)
    await server.admin.cluster('MEET', '127.0.0.1', first?.tlsPort ?? portOf(first));
  const ids = await Promise.all(primaries.map(({ admin }) => admin.cluster('MYID')));
  for (const [place, { admin }] of servers.slice(3).entries()) {
    const follow = () => admin.cluster('REPLICATE', ids[place] ?? '').catch(() => '');
    await waitFor(async () => (await follow()) === 'OK', 20_000, 100);
  }
  const isWhole = async ({ admin }: RedisServer) =>
    (await admin.cluster('INFO')).includes('cluster_state:ok') &&
    (await admin.cluster('INFO')).includes('cluster_known_nodes:6');
  await waitFor(async () => (await Promise.all(servers.map(isWhole))).every(Boolean), 20_000, 100);
  const followers = servers.slice(3);
  await waitFor(
    async () => {
      const infos = await Promise.all(followers.map(infoOf));
      return infos.every((info) => info.includes('master_link_status:up'));
    },
    20_000,
    100,
  );
  const holder = async () => {
    const holds = await Promise.all(
      servers.map(async (server) => {
        const answer = await server.admin.exists(ourKey).catch(() => undefined);
        return answer === undefined || (await infoOf(server)).includes('role:slave')
          ? undefined
          : server;
      }),
    );
    return holds.find((server) => server !== undefined);
  };
  return {
    url: new Secret(
      `${tls ? 'rediss' : 'redis'}+cluster://${servers.map((server) => `127.0.0.1:${server.tlsPort ?? portOf(server)}`).join(',')}`,
    ),
    servers,
    replica: adminOf(followers[0]),
    async failOver() {
      // On a busy machine another may just be taking over from one that was silent for too long.
      await waitFor(async () => (await holder()) !== undefined, chosenMs, 50);
      const dying = await holder();
      if (!dying) throw new Error('nobody has the slot of the queue');
      await dying.kill();
      const killedAt = performance.now();
      await waitFor(
        async () => {
          const now = await holder();
          return now !== undefined && now !== dying;
        },
        chosenMs,
        50,
      );
      const tookMs = performance.now() - killedAt;
      await dying.restart();
      return tookMs;
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

function adminOf(server: RedisServer | undefined): Redis {
  if (!server) throw new Error('no such server');
  return server.admin;
}

function portOf(server: RedisServer | undefined): number {
  return Number(new URL(server?.url.reveal() ?? '').port);
}

async function infoOf(server: RedisServer | undefined): Promise<string> {
  return (await server?.admin.info('replication').catch(() => '')) ?? '';
}
