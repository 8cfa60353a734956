import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startRoleProcess } from '../support/worker-process.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import type { Run } from './measurement.ts';
import type { Provider } from './providers.ts';
import { type Dispatching, timeDispatch } from './time-dispatch.ts';

const nullWorker = fileURLToPath(new URL('./processes/null-worker.ts', import.meta.url));
const patienceMs = 600_000;
const pollMs = 100;

/** How Sotto is set up for one run; one worker and Redis unless said otherwise. */
export interface SetUp {
  readonly queue?: 'redis' | 'postgres';
  readonly workers?: number;
  /** What it is given of a provider; without one, what is sent goes nowhere. */
  readonly provider?: Provider;
}

/**
 * Sotto as it runs in production: the scheduler's process feeds and rings, those of workers open, link,
 * guard, write the intent, hand over and record.
 */
export function dispatchWithSotto(
  ground: Ground,
  { count, ...setUp }: SetUp & { count: number },
): Promise<Run> {
  const open = (database: BenchDatabase) => startSotto(ground, database, setUp);
  return timeDispatch(ground, { count, ...setUp.provider, open });
}

/** Its processes, ready to send. */
export async function startSotto(
  ground: Ground,
  database: BenchDatabase,
  { queue = 'redis', workers = 1, provider }: SetUp = {},
): Promise<Dispatching> {
  const start = (role: 'worker' | 'scheduler', from?: string) =>
    startRoleProcess(
      role,
      { ...roleEnvironment(role, { ground, database, queue }), ...provider?.env },
      { from },
    );
  const script = provider ? undefined : nullWorker;
  const roles = [
    start('scheduler'),
    ...Array.from({ length: workers }, () => start('worker', script)),
  ];
  await Promise.all(roles.map(({ ready }) => ready));
  return {
    pids: roles.map(({ pid }) => pid),
    send: (organisationId) => untilSent(database, organisationId),
    async stop() {
      for (const role of roles) role.signal('SIGTERM');
      await Promise.all(roles.map(({ gone }) => gone));
    },
  };
}

/** What a role is told of the ground that it stands on. */
export function roleEnvironment(
  role: 'worker' | 'scheduler',
  input: { ground: Ground; database: BenchDatabase; queue: 'redis' | 'postgres' },
): Record<string, string> {
  const { ground, database, queue } = input;
  const { keys, redis } = ground;
  // Another database beside the same journals would be taken for one that was restored.
  const journal = new URL(database.adminUrl.reveal()).pathname.slice(1);
  return {
    DATABASE_URL: database.roleUrls[role].reveal(),
    ...(queue === 'redis' ? { REDIS_URL: redis.url.reveal() } : {}),
    KEYSTORE: `file:${keys.folder}`,
    JOURNAL: `file:${keys.folder}/${journal}`,
    // As much as may be set, so that the sender's rate bounds nothing.
    SMS_PER_SECOND: '100000',
    EMAIL_PER_SECOND: '100000',
  };
}

async function untilSent({ admin }: BenchDatabase, organisationId: string): Promise<void> {
  const isOver = async () => {
    const { rows } = await admin.query(
      // In the order of an index: it goes through nothing else, however many there are.
      `select exists (select from reminders where phase = 'in_hand' and organisation_id = $1)
         or exists (select from unnest('{sms,email}'::text[]) as c (channel) cross join lateral (
           select r.id from reminders r where r.phase = 'scheduled' and r.channel = c.channel
             and r.mode = 'live' and r.organisation_id = $1
           order by r.channel, r.mode, r.organisation_id, r.due_at limit 1) first) as owed`,
      [organisationId],
    );
    return rows[0]?.owed === false;
  };
  // A look goes through what the index still holds of what was sent; looking must cost next to nothing.
  for (const begunMs = performance.now(); ; ) {
    const lookedMs = performance.now();
    if (await isOver()) return;
    assert(lookedMs - begunMs < patienceMs, 'not all was sent in time');
    await sleep(Math.max(pollMs, (performance.now() - lookedMs) * 100));
  }
}
