import assert from 'node:assert/strict';
import { startChild } from './child.ts';
import { checkEachOnce, dueReminders, warmUpOf, warmUpOrganisation } from './due-reminders.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import type { Run } from './measurement.ts';
import { jobOf, type PeerJob, type PeerQueue, type PeerWrites } from './peer-design.ts';
import { type OpenQueue, openPeerQueue } from './peer-queues.ts';

const addAtOnce = 1_000;
/** Their rate does not depend on how many there are, and the slowest would take minutes. */
const partOfAll = 5;
/** To store the last of them and write them to disk, on a machine that is not busy. */
const restMs = 900;
/** How many times as long as usual a machine that has become busy is given to fill a queue. */
let leadTimes = 1;
const leadTimesMax = 16;

/**
 * A design without Sotto: a delayed job for each reminder, with all that is to be sent. Putting the jobs
 * there is not timed. Timed by its worker, from the first job that began until the last outcome was stored.
 */
export async function dispatchWithPeer(ground: Ground, input: PeerInput): Promise<Run> {
  for (;;) {
    const run = await inTime(ground, input);
    if (run) return run;
    leadTimes *= 2;
    assert(leadTimes <= leadTimesMax, 'the machine is too busy to fill a queue in time');
  }
}

interface PeerInput {
  readonly queue: PeerQueue;
  readonly writes: PeerWrites;
  readonly count: number;
}

/** @returns undefined when jobs were due before all of them were there */
async function inTime(ground: Ground, input: PeerInput): Promise<Run | undefined> {
  const { queue: kind, writes, count: ofOurs } = input;
  const count = Math.ceil(ofOurs / partOfAll);
  const warmUp = warmUpOf(count);
  const database = await ground.createDatabase(
    dueReminders(ground, { count: ofOurs, channel: 'sms' }),
  );
  const queue = await openPeerQueue(kind, { ground, database });
  const child = await startChild('peer-worker.ts', {
    DATABASE_URL: database.adminUrl.reveal(),
    REDIS_URL: ground.redis.url.reveal(),
    PEER_QUEUE: kind,
    PEER_WRITES: writes,
  });
  try {
    const begunAt = performance.now();
    const warm = child.ask(warmUp);
    await add(queue, await readJobs(database, await warmUpOrganisation(database), warmUp), 0);
    const msEach = (performance.now() - begunAt) / warmUp;
    await warm;

    const done = child.ask<{ firstAtMs: number; lastAtMs: number }>(count);
    // Nobody may wait for it any more when it ends.
    done.catch(() => {});
    // Until the last is stored and on disk, on a machine that has become busier too.
    const dueAtMs = Date.now() + leadTimes * (restMs + 2 * msEach * count);
    await add(queue, await readJobs(database, database.organisationId, count), dueAtMs);
    await database.settle();
    if (Date.now() >= dueAtMs) return undefined;
    await new Promise((due) => setTimeout(due, dueAtMs - Date.now()));
    const meter = ground.startMeter([child.pid]);
    const { firstAtMs, lastAtMs } = await done;
    const costs = meter.perOne(count);
    await check(database, { count: warmUp + count, writes });
    return { 'reminders/s': count / ((lastAtMs - firstAtMs) / 1_000), ...costs };
  } finally {
    await child.stop();
    await queue.close();
    await database.drop();
  }
}

async function readJobs(
  { admin }: BenchDatabase,
  organisationId: string,
  count: number,
): Promise<PeerJob[]> {
  const { rows } = await admin.query(
    'select id from reminders where organisation_id = $1 limit $2',
    [organisationId, count],
  );
  return rows.map(({ id }) => jobOf(id));
}

async function add(queue: OpenQueue, jobs: readonly PeerJob[], dueAtMs: number): Promise<void> {
  for (let from = 0; from < jobs.length; from += addAtOnce) {
    await queue.add(jobs.slice(from, from + addAtOnce), dueAtMs);
  }
}

/** @throws when a reminder was not sent, or not exactly once */
async function check(
  database: BenchDatabase,
  { count, writes }: { count: number; writes: PeerWrites },
): Promise<void> {
  if (writes !== 'outcome') return checkEachOnce(database, { count, eventsOfEach: 2 });
  const { rows } = await database.admin.query(
    `select count(*)::int as sent from plain_reminders where state = 'sent' and times = 1`,
  );
  assert.equal(rows[0]?.sent, count);
}
