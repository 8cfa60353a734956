import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { warmUpMax } from './dispatch-ours.ts';
import { checkEachOnce, seedDue } from './due-reminders.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import type { Run } from './measurement.ts';
import { type NaiveJob, type NaiveOptions, type NaiveWrites, naiveQueue } from './naive-design.ts';

const script = fileURLToPath(new URL('./processes/naive-worker.ts', import.meta.url));
const addAtOnce = 1_000;
/** Until what is put into the queue is due: it is all there by then, on a busy machine too. */
const leadMs = (count: number) => 1_000 + count * 0.5;

/**
 * The naive design: one delayed BullMQ job for each reminder. Putting the jobs there is not timed. Timed
 * by its worker, from the first job that began until the last outcome was stored.
 */
export async function dispatchNaively(
  ground: Ground,
  { count, writes, signsLink }: NaiveOptions & { count: number },
): Promise<Run> {
  await ground.redis.admin.flushall();
  const database = await ground.createDatabase();
  const { hostname, port } = new URL(ground.redis.url.reveal());
  const queue = new Queue<NaiveJob>(naiveQueue, {
    connection: { host: hostname, port: Number(port) },
  });
  const child = fork(script, [], {
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: database.adminUrl.reveal(),
      REDIS_HOST: hostname,
      REDIS_PORT: port,
      NAIVE_WRITES: writes,
      NAIVE_SIGNS_LINK: String(signsLink),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const warmUp = Math.min(count, warmUpMax);
    await Promise.all([nextMessage(child), prepare(database)]);
    const first = await store(ground, { database, count: warmUp, writes });
    const warm = nextMessage(child);
    child.send(warmUp);
    await addJobs(queue, first, Date.now());
    await warm;

    const ids = await store(ground, { database, count, writes });
    await database.settle();
    const done = nextMessage(child);
    child.send(count);
    const dueAtMs = await addAhead(queue, ids);
    await new Promise((due) => setTimeout(due, dueAtMs - Date.now()));
    const meter = ground.startMeter([child.pid ?? 0]);
    const { firstAtMs, lastAtMs } = (await done) as { firstAtMs: number; lastAtMs: number };
    const costs = meter.perOne(count);
    await check(database, { count: warmUp + count, writes });
    return { 'reminders/s': count / ((lastAtMs - firstAtMs) / 1_000), ...costs };
  } finally {
    const gone = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGTERM')) await gone;
    await queue.close();
    await database.drop();
  }
}

async function prepare({ admin }: BenchDatabase): Promise<void> {
  await admin.query(
    `create table naive_reminders (id uuid primary key, state text not null default 'scheduled',
       provider_id text, sent_at timestamptz, times int not null default 0);
     create index on naive_reminders (state)`,
  );
}

/** The row that each outcome will be written to. */
async function store(
  ground: Ground,
  input: { database: BenchDatabase; count: number; writes: NaiveWrites },
): Promise<string[]> {
  const { database, count, writes } = input;
  if (writes === 'all-rows') return seedDue(ground, database, count);
  const ids = Array.from({ length: count }, () => randomUUID());
  await database.admin.query('insert into naive_reminders (id) select unnest($1::uuid[])', [ids]);
  return ids;
}

/** @returns when all of them are due */
async function addAhead(queue: Queue<NaiveJob>, ids: readonly string[]): Promise<number> {
  const dueAtMs = Date.now() + leadMs(ids.length);
  await addJobs(queue, ids, dueAtMs);
  assert(Date.now() < dueAtMs, 'the machine is too busy to fill the queue in time');
  return dueAtMs;
}

async function addJobs(
  queue: Queue<NaiveJob>,
  ids: readonly string[],
  dueAtMs: number,
): Promise<void> {
  for (let from = 0; from < ids.length; from += addAtOnce) {
    const jobs = ids.slice(from, from + addAtOnce).map((id) => ({
      name: 'reminder',
      data: jobOf(id),
      opts: { delay: Math.max(0, dueAtMs - Date.now()), removeOnComplete: true },
    }));
    await queue.addBulk(jobs);
  }
}

function jobOf(id: string): NaiveJob {
  return {
    id,
    name: 'Camille Example',
    phone: '+33639980099',
    place: 'Example house, 1 Example Street',
    at: '2026-12-03T10:30:00+01:00',
    link: `https://reminders.example/${id}`,
  };
}

/** @throws when a reminder was not sent, or not exactly once */
async function check(
  database: BenchDatabase,
  { count, writes }: { count: number; writes: NaiveWrites },
): Promise<void> {
  if (writes === 'all-rows') return checkEachOnce(database, { count, eventsOfEach: 2 });
  const { rows } = await database.admin.query(
    `select count(*)::int as sent from naive_reminders where state = 'sent' and times = 1`,
  );
  assert.equal(rows[0]?.sent, count);
}

/** What the child says next; fails when it ends instead. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const { signal } = ended;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`the naive worker ended with ${code}`);
      }),
    ]);
  } finally {
    ended.abort();
  }
}
