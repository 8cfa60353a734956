import type { BenchDatabase, Ground } from './ground.ts';
import { openPeerQueue } from './peer-queues.ts';

const addAtOnce = 5_000;
const spreadMs = 400 * 86_400_000;

/** What Redis holds, in kB, without what each connection takes. */
export async function redisKb({ redis }: Ground): Promise<number> {
  const info = await redis.admin.info('memory');
  const [all = 0, ...others] = ['used_memory', 'mem_clients_normal', 'mem_aof_buffer'].map((name) =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]),
  );
  return others.reduce((rest, bytes) => rest - bytes, all) / 1_024;
}

/** What so many delayed jobs of BullMQ take, as people write them: one a reminder, with all that is sent. */
export async function redisKbOfDelayedJobs(
  ground: Ground,
  database: BenchDatabase,
  count: number,
): Promise<number> {
  await ground.redis.admin.flushall();
  await ground.redis.admin.script('FLUSH');
  const before = await redisKb(ground);
  const queue = await openPeerQueue('bullmq', { ground, database });
  const now = Date.now();
  for (let added = 0; added < count; added += addAtOnce) {
    const jobs = Array.from({ length: Math.min(addAtOnce, count - added) }, () => ({
      ...{ id: crypto.randomUUID(), name: 'Camille Example', phone: '+33639980099' },
      ...{ place: 'Example house, 1 Example Street', at: '2026-12-03T10:30:00+01:00' },
    }));
    await queue.add(jobs, now + (spreadMs * (added + 1)) / count);
  }
  await queue.close();
  const after = await redisKb(ground);
  await ground.redis.admin.flushall();
  return after - before;
}
