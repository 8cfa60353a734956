import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import {
  type MachineScripts,
  openMachineScripts,
  readMachine,
  type StartedService,
} from '../support/machine-scripts.ts';
import { findRedis } from '../support/redis-process.ts';

/** As three machines, each with a Valkey and a Sentinel at the same ports. */
const machines = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;
const [first, ...others] = machines;

/** Each service has its own time to come up. */
const slowMs = 300_000;
let scripts: MachineScripts;
let ports: { valkey: number; sentinel: number };
const running = new Map<string, StartedService>();
const clients = new Map<string, Redis>();

beforeAll(async () => {
  ports = { valkey: await freePort(), sentinel: await freePort() };
  const { program, libraries } = findRedis();
  const server = (port: number, words: string) =>
    `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${program}' ${words} --port ${port} --bind "$OWN"\n`;
  scripts = openMachineScripts({
    programs: {
      // A replica that asks for everything is not kept waiting for others that might.
      'valkey-server': server(ports.valkey, '"$@" --repl-diskless-sync-delay 0'),
      'valkey-sentinel': server(ports.sentinel, '"$1" --sentinel'),
    },
    rewrite: (text) =>
      text
        .replaceAll('/data/', '$DATA/')
        .replaceAll(/\b26379\b/g, String(ports.sentinel))
        .replaceAll(/\b6379\b/g, String(ports.valkey)),
  });
  for (const own of machines) mkdirSync(join(scripts.folder, own));
});
afterAll(async () => {
  for (const client of clients.values()) client.disconnect();
  await scripts?.remove();
});

type Kind = keyof typeof ports;

async function start(kind: Kind, own: string): Promise<Redis> {
  const services = readMachine({ PRIVATE_ADDRESS: own, VALKEY_PRIMARY: first });
  const process = scripts.start(services[kind], { DATA: join(scripts.folder, own) });
  running.set(`${kind} ${own}`, process);
  const client = ask(kind, own);
  await process.until(async () => (await client.ping()) === 'PONG');
  return client;
}

function ask(kind: Kind, host: string): Redis {
  const known = clients.get(`${kind} ${host}`);
  if (known) return known;
  const port = ports[kind];
  const client = new Redis({ host, port, maxRetriesPerRequest: 0, retryStrategy: () => 50 });
  client.on('error', () => {});
  clients.set(`${kind} ${host}`, client);
  return client;
}

const until = (kind: Kind, own: string, holds: () => Promise<boolean>) =>
  running.get(`${kind} ${own}`)?.until(holds);

async function replicationOf(own: string): Promise<Record<string, string>> {
  const lines = (await ask('valkey', own).info('replication')).split('\r\n');
  return Object.fromEntries(lines.map((line) => line.split(/:(.*)/)));
}

async function follows(own: string, primary: string): Promise<boolean> {
  const { role, master_host, master_link_status } = await replicationOf(own);
  return role === 'slave' && master_host === primary && master_link_status === 'up';
}

/** Whom a Sentinel names as the one that is written to. */
async function primaryBy(own: string): Promise<string> {
  const answer = await ask('sentinel', own).call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'sotto');
  return String((answer as string[])[0]);
}

it(
  'each Valkey keeps nothing on a disk, drops nothing by itself, and follows the first',
  async () => {
    for (const own of machines) {
      const client = await start('valkey', own);
      const set = async (name: string) => ((await client.config('GET', name)) as string[])[1];
      expect(await set('save')).toBe('');
      expect(await set('appendonly')).toBe('no');
      expect(await set('maxmemory-policy')).toBe('noeviction');
      expect(await set('maxmemory')).toBe(String(200 * 1024 * 1024));
      expect(await set('protected-mode')).toBe('no');
    }
    for (const own of others) await until('valkey', own, () => follows(own, first));
    const { role, connected_slaves, ...rest } = await replicationOf(first);
    expect([role, connected_slaves]).toEqual(['master', '2']);
    // Elsewhere than where they come from, when they run in containers.
    const announced = [rest.slave0, rest.slave1].map((line) => line?.split(',').slice(0, 2).join());
    expect(announced.toSorted()).toEqual(others.map((own) => `ip=${own},port=${ports.valkey}`));
  },
  slowMs,
);

it(
  'Sentinels find each other and every Valkey, at the addresses of their machines',
  async () => {
    for (const own of machines) await start('sentinel', own);
    for (const own of machines) {
      const named = async (what: string) => {
        const found = await ask('sentinel', own).call('SENTINEL', what, 'sotto');
        return (found as string[][]).map((pairs) => `${pairs[3]}:${pairs[5]}`).toSorted();
      };
      await until('sentinel', own, async () => {
        const [sentinels, replicas] = [await named('SENTINELS'), await named('REPLICAS')];
        return sentinels.length === 2 && replicas.length === 2;
      });
      expect(await named('SENTINELS')).toEqual(
        machines.filter((other) => other !== own).map((other) => `${other}:${ports.sentinel}`),
      );
      expect(await named('REPLICAS')).toEqual(others.map((other) => `${other}:${ports.valkey}`));
    }
  },
  slowMs,
);

it(
  'another is chosen when the first is gone, which comes back as a replica',
  async () => {
    await running.get(`valkey ${first}`)?.stop();
    for (const own of machines) {
      await until('sentinel', own, async () => (await primaryBy(own)) !== first);
    }
    const chosen = await primaryBy(first);
    await until('valkey', chosen, async () => (await replicationOf(chosen)).role === 'master');
    await start('valkey', first);
    await until('valkey', first, () => follows(first, chosen));
  },
  slowMs,
);

it(
  'a Sentinel that starts anew goes on with what was agreed',
  async () => {
    const [chosen, itself] = [
      await primaryBy(first),
      await ask('sentinel', first).call('SENTINEL', 'MYID'),
    ];
    await running.get(`sentinel ${first}`)?.stop();
    const client = await start('sentinel', first);
    expect(await client.call('SENTINEL', 'MYID')).toBe(itself);
    expect(await primaryBy(first)).toBe(chosen);
  },
  slowMs,
);
