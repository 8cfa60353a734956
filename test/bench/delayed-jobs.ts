import type { BenchDatabase, Ground } from './ground.ts';
import { queueName } from './peer-design.ts';
import { type OpenQueue, openPeerQueue } from './peer-queues.ts';
import { partsOf, twoAtOnce } from './two-at-once.ts';

const addAtOnce = 5_000;
const copyAtOnce = 20_000;
const spreadMs = 400 * 86_400_000;
/** So many are put there by BullMQ, in a second or two; the rest are copies of one of them. */
const addedMax = 10_000;

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
    const added = Math.min(count, addedMax);
    await addJobs(await openPeerQueue('bullmq', { ground, database }), added);
    for (let from = added + 1; from <= count; from += copyAtOnce) {
      const to = Math.min(count, from + copyAtOnce - 1);
      await copyJob(ground, { job: added, from, to });
    }
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

/**
 * Copies one job under ids and times of their own: its hash, and its place among those that are delayed, as
 * BullMQ stores both.
 */
async function copyJob(
  { redis }: Ground,
  { job, from, to }: { job: number; from: number; to: number },
): Promise<void> {
  const keys = `bull:${queueName}:`;
  await redis.admin.eval(copyScript, 2, `${keys}${job}`, `${keys}delayed`, keys, job, from, to);
}

const copyScript = `
  local fields = redis.call('HGETALL', KEYS[1])
  local due = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[2]))
  for number = tonumber(ARGV[3]), tonumber(ARGV[4]) do
    local id = string.format('%d', number)
    redis.call('HSET', ARGV[1] .. id, unpack(fields))
    redis.call('ZADD', KEYS[2], due + 4096 * number, id)
  end`;
