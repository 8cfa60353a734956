import { fileURLToPath } from 'node:url';
import { waitFor } from '../support/wait-for.ts';
import { startRoleProcess } from '../support/worker-process.ts';
import { checkEachOnce, seedDue } from './due-reminders.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import type { Run } from './measurement.ts';

const nullWorker = fileURLToPath(new URL('./processes/null-worker.ts', import.meta.url));
/** What is done first and not measured: the code is compiled then, as after hours of running. */
export const warmUpMax = 2_000;
const patienceMs = 300_000;
const pollMs = 100;

type Queue = 'redis' | 'postgres';

/**
 * Sotto as it runs in production but for the provider: the scheduler's process feeds and rings, the
 * worker's opens, links, guards, writes the intent, hands over and records. Timed by the database, from
 * the first batch that was made until the last reminder was recorded as sent.
 */
export async function dispatchWithSotto(
  ground: Ground,
  { count, queue }: { count: number; queue: Queue },
): Promise<Run> {
  await ground.redis.admin.flushall();
  const database = await ground.createDatabase();
  const { admin } = database;
  const start = (role: 'worker' | 'scheduler', script?: string) =>
    startRoleProcess(role, environmentOf(role, { ground, database, queue }), { from: script });
  const roles = [start('worker', nullWorker), start('scheduler')];
  try {
    const warmUp = Math.min(count, warmUpMax);
    await Promise.all([...roles.map(({ ready }) => ready), seedDue(ground, database, warmUp)]);
    await untilSent(database);
    await admin.query(`insert into pauses (id, reason) values (gen_random_uuid(), 'bench')`);
    await seedDue(ground, database, count);
    await database.settle();

    const meter = ground.startMeter(roles.map(({ pid }) => pid));
    const { rows } = await admin.query(
      'update pauses set ended_at = clock_timestamp() returning ended_at::text',
    );
    await untilSent(database);
    const costs = meter.perOne(count);
    await checkEachOnce(database, { count: warmUp + count, eventsOfEach: 3 });
    return { 'reminders/s': count / (await secondsSince(database, rows[0].ended_at)), ...costs };
  } finally {
    for (const role of roles) role.signal('SIGTERM');
    await Promise.all(roles.map(({ gone }) => gone));
    await database.drop();
  }
}

function environmentOf(
  role: 'worker' | 'scheduler',
  { ground, database, queue }: { ground: Ground; database: BenchDatabase; queue: Queue },
): Record<string, string> {
  const { keys, redis } = ground;
  // Another database beside the same journals would be taken for one that was restored.
  const journal = new URL(database.adminUrl.reveal()).pathname.slice(1);
  return {
    DATABASE_URL: database.roleUrls[role].reveal(),
    ...(queue === 'redis' ? { REDIS_URL: redis.url.reveal() } : {}),
    KEYSTORE: `file:${keys.folder}`,
    JOURNAL: `file:${keys.folder}/${journal}`,
    // As much as may be set, so that the sender's rate bounds nothing.
    SMS_PER_SECOND: '10000',
  };
}

async function untilSent({ admin }: BenchDatabase): Promise<void> {
  const isOver = async () => {
    const { rows } = await admin.query(
      `select exists (select from reminders where state in ('scheduled', 'queued', 'sending')) as owed`,
    );
    return rows[0]?.owed === false;
  };
  await waitFor(isOver, patienceMs, pollMs);
}

async function secondsSince({ admin }: BenchDatabase, moment: string): Promise<number> {
  const { rows } = await admin.query(
    `select extract(epoch from (select max(sent_at) from reminders)
       - (select min(created_at) from batches where created_at >= $1))::float8 as seconds`,
    [moment],
  );
  return rows[0]?.seconds;
}
