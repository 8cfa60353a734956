import type { BenchDatabase, Ground } from './ground.ts';
import { type OpenQueue, openPeerQueue } from './peer-queues.ts';
import { partsOf, twoAtOnce } from './two-at-once.ts';

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
  const { admin } = ground.redis;
  await admin.flushall();
  await admin.script('FLUSH');
  // It is memory that is told, and writing all of it to disk takes a while.
  await admin.config('SET', 'appendonly', 'no');
  try {
    const before = await redisKb(ground);
    await addJobs(await openPeerQueue('bullmq', { ground, database }), count);
    return (await redisKb(ground)) - before;
  } finally {
    await admin.flushall();
    await admin.config('SET', 'appendonly', 'yes');
  }
}

async function addJobs(queue: OpenQueue, count: number): Promise<void> {
  const now = Date.now();
  try {
    await twoAtOnce([...partsOf(count, addAtOnce).entries()], ([place, part]) => {
      const jobs = Array.from({ length: part }, () => ({
        ...{ id: crypto.randomUUID(), name: 'Camille Example', phone: '+33639980099' },
        ...{ place: 'Example house, 1 Example Street', at: '2026-12-03T10:30:00+01:00' },
      }));
      return queue.add(jobs, now + (spreadMs * (place * addAtOnce + 1)) / count);
    });
  } finally {
    await queue.close();
  }
}
