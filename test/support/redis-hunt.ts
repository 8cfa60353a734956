import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { relative } from 'node:path';
import { filesBelow } from './canaries.ts';
import type { RedisServer } from './redis-process.ts';

/** Something of a server, and where it is there. */
export type RedisFind = readonly [where: string, content: Buffer];

const backlogBytes = 64 * 2 ** 20;
const silentMs = 300;

/** From now on a server writes every command to its disk and forgets none of what it tells replicas. */
export async function keepEverything({ admin }: RedisServer): Promise<void> {
  await admin.config('SET', 'rdbcompression', 'no');
  await admin.config('SET', 'repl-backlog-size', String(backlogBytes));
  await admin.config('SET', 'appendonly', 'yes');
}

/** Keys, and what each holds, as Redis itself writes it: uncompressed. */
export async function readRedisKeys({ admin }: RedisServer): Promise<RedisFind[]> {
  await admin.config('SET', 'rdbcompression', 'no');
  // So that a replica in a cluster shows what it holds; elsewhere there is no such command.
  await admin.readonly().catch(() => {});
  const keys = await admin.keys('*');
  return Promise.all(
    keys.map(async (key): Promise<RedisFind> => {
      const held = (await admin.dumpBuffer(key)) ?? Buffer.alloc(0);
      return [key, Buffer.concat([Buffer.from(key), Buffer.from('\n'), held])];
    }),
  );
}

/** What would lie on its disk: a snapshot taken now, and every command since it was told to keep them. */
export async function readRedisFiles({ admin }: RedisServer): Promise<RedisFind[]> {
  await admin.config('SET', 'rdbcompression', 'no');
  await admin.save();
  return readFolder(admin);
}

/** What lies on its disk as it is. */
export async function readFolder(admin: RedisServer['admin']): Promise<RedisFind[]> {
  const [, folder = ''] = (await admin.config('GET', 'dir')) as string[];
  return filesBelow(folder).map((file) => [relative(folder, file), readFileSync(file)]);
}

/**
 * What it would tell a replica that was away for a while, as such a replica asks for it.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/replication/ (PSYNC)
 */
export async function readBacklog({ admin, url }: RedisServer): Promise<RedisFind[]> {
  const facts = Object.fromEntries(
    (await admin.info('replication')).split('\r\n').map((line) => line.split(':')),
  );
  const {
    master_replid: id,
    repl_backlog_first_byte_offset: from,
    repl_backlog_active: is,
  } = facts;
  if (is !== '1') return [];
  const { hostname, port } = new URL(url.reveal());
  const socket = connect(Number(port), hostname);
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.setTimeout(silentMs, () => socket.destroy());
  socket.write(`PSYNC ${id} ${from}\r\n`);
  await once(socket, 'close');
  const told = Buffer.concat(pieces);
  if (!told.toString('latin1', 0, 9).startsWith('+CONTINUE'))
    throw new Error('no backlog was told');
  return [['backlog', told]];
}
