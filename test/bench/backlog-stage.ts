import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '../../src/store/database.ts';
import { dispatchBeat } from '../../src/store/lane-load.ts';
import { feedDueReminders, newFeedCursor } from '../../src/usecases/feed-due-reminders.ts';
import { percentile } from '../support/percentile.ts';
import { waitFor } from '../support/wait-for.ts';
import { startApi } from './api-process.ts';
import { type DueOf, multiplyAppointment } from './backlog-rows.ts';
import { redisKb } from './delayed-jobs.ts';
import { startSotto } from './dispatch-ours.ts';
import { addOrganisation, type BenchDatabase, type Ground } from './ground.ts';
import type { Run } from './measurement.ts';

const claimCount = 4_000;
const sendCount = 2_000;
const warmUpCount = 500;
const acceptCount = 1_500;
/** So many looks in a row, a tenth of a second apart, find no statement under way. */
const restLooks = 10;
const restWithinMs = 60_000;
/** So many processes would have room for all that is claimed. */
const workers = 10;

/** A database with so many reminders scheduled ahead, and an API in front of it. */
export interface Backlog {
  /** The next of those that are due, taken into batches and never sent. */
  claim(): Promise<Run>;
  /** The next of those that are due, all the way. */
  send(): Promise<Run>;
  accept(): Promise<Run>;
  stored(): Run;
  close(): Promise<void>;
}

/** @param turns how often anything of it may be asked for */
export async function openBacklog(
  ground: Ground,
  { count, turns }: { count: number; turns: number },
): Promise<Backlog> {
  const database = await ground.createDatabase();
  const { admin } = database;
  const api = await startApi(ground, database);
  const scheduler = openDatabase({
    ...{ url: database.roleUrls.scheduler, connectionsMax: 2, applicationName: 'bench claim' },
  });
  await api.putAsFastAsAnswered(1);
  const due = async (of: number): Promise<DueOf[]> => {
    const all: DueOf[] = [];
    while (all.length < turns) all.push({ organisationId: await addPaused(database), count: of });
    return all;
  };
  const [toClaim, toWarmUp, toSend] = [
    ...[await due(claimCount), await due(warmUpCount), await due(sendCount)],
  ] as const;
  const all = [...toClaim, ...toWarmUp, ...toSend];
  await database.settle();
  const bytesBefore = await sizeOf(database);
  await multiplyAppointment(ground, database, { count, due: all });
  await database.settle();
  const total = all.reduce((sum, one) => sum + one.count, count);
  const bytes = (await sizeOf(database)) - bytesBefore;
  let redisAtRest: number | undefined;

  return {
    async claim() {
      const { organisationId } = next(toClaim);
      await admin.query(
        `insert into heartbeats (name, instance, version)
         select $1, 'bench ' || n, '' from generate_series(1, $2::int) n`,
        [dispatchBeat, workers],
      );
      await release(database, organisationId);
      const tookMs: number[] = [];
      const cursor = newFeedCursor();
      const meter = ground.startMeter([process.pid]);
      for (let claimed = 0; claimed < claimCount; ) {
        const beganAt = performance.now();
        const fed = await feedDueReminders(
          { database: scheduler, ring: () => {} },
          { lane: { channel: 'sms', mode: 'live' }, perSecond: 100_000, cursor },
        );
        assert(fed.count > 0, 'nothing is due');
        tookMs.push(performance.now() - beganAt);
        claimed += fed.count;
      }
      const costs = costsOf(meter.perOne(claimCount));
      // As if they had never been there, so that nobody sends them.
      await admin.query('delete from heartbeats where instance like $1', ['bench %']);
      await admin.query('delete from appointments where organisation_id = $1', [organisationId]);
      await admin.query('delete from batches');
      // As the server does by itself, sooner or later; else the next that are claimed would pay for it.
      await admin.query(
        'vacuum appointments, batches, content_keys, events, links, reminders, versions',
      );
      return { ...costs, ...latenciesOf(tookMs) };
    },
    async send() {
      await ground.redis.admin.flushall();
      await ground.redis.admin.script('FLUSH');
      const empty = await redisKb(ground);
      const sotto = await startSotto(ground, database);
      try {
        const warmUp = next(toWarmUp).organisationId;
        await release(database, warmUp);
        await sotto.send(warmUp);
        await wait(1_000);
        redisAtRest = (await redisKb(ground)) - empty;
        await restOf(database);
        const { organisationId } = next(toSend);
        const meter = ground.startMeter(sotto.pids);
        await release(database, organisationId);
        await sotto.send(organisationId);
        const costs = costsOf(meter.perOne(sendCount));
        return { ...costs, ...latenciesOf(await waitsOf(database, organisationId)) };
      } finally {
        await sotto.stop();
      }
    },
    async accept() {
      const meter = ground.startMeter([api.pid]);
      const { latenciesMs } = await api.putAsFastAsAnswered(acceptCount);
      return { ...costsOf(meter.perOne(acceptCount)), ...latenciesOf(latenciesMs) };
    },
    stored: () => ({
      ...{ 'postgres bytes': bytes / total, 'redis kB': redisAtRest },
      ...{ 'redis bytes': redisAtRest && (redisAtRest * 1_024) / total },
    }),
    async close() {
      api.signal('SIGTERM');
      await api.gone;
      await scheduler.close();
      await database.drop();
    },
  };
}

function next(due: DueOf[]): DueOf {
  const one = due.shift();
  assert(one, 'more turns than were said');
  return one;
}

async function addPaused({ admin }: BenchDatabase): Promise<string> {
  const id = await addOrganisation(admin, 'Due');
  await admin.query(
    `insert into pauses (id, organisation_id, reason) values (gen_random_uuid(), $1, 'bench')`,
    [id],
  );
  return id;
}

async function release({ admin }: BenchDatabase, organisationId: string): Promise<void> {
  await admin.query(
    'update pauses set ended_at = clock_timestamp() where organisation_id = $1 and ended_at is null',
    [organisationId],
  );
}

/**
 * Until processes have done what each does as it begins, which is once a start or a minute and not for each
 * reminder: here it finds reminders that are late, since they were due before all was loaded.
 */
async function restOf({ admin }: BenchDatabase): Promise<void> {
  const isBusy = `select exists (select from pg_stat_activity where datname = current_database()
    and state <> 'idle' and pid <> pg_backend_pid()) as busy`;
  let still = 0;
  await waitFor(
    async () => {
      const { rows } = await admin.query<{ busy: boolean }>(isBusy);
      still = rows[0]?.busy ? 0 : still + 1;
      return still === restLooks;
    },
    restWithinMs,
    100,
  );
}

async function sizeOf({ admin }: BenchDatabase): Promise<number> {
  const { rows } = await admin.query(
    'select pg_database_size(current_database())::float8 as bytes',
  );
  return rows[0]?.bytes;
}

/** From when they were let go until each was handed over, which was done once. */
async function waitsOf({ admin }: BenchDatabase, organisationId: string): Promise<number[]> {
  const { rows } = await admin.query<{ ms: number; reminder_id: string }>(
    `select t.reminder_id, extract(epoch from t.ended_at - p.ended_at)::float8 * 1000 as ms
     from attempts t join pauses p on p.organisation_id = t.organisation_id
     where t.organisation_id = $1 and t.outcome = 'accepted'`,
    [organisationId],
  );
  assert.equal(rows.length, sendCount);
  assert.equal(new Set(rows.map(({ reminder_id }) => reminder_id)).size, sendCount);
  return rows.map(({ ms }) => ms);
}

function costsOf({
  'node us': node,
  'postgres us': postgres,
}: Record<'node us' | 'postgres us', number | undefined>): Run {
  return {
    'cpu us': node === undefined || postgres === undefined ? undefined : node + postgres,
    ...{ 'node us': node, 'postgres us': postgres },
  };
}

const latenciesOf = (ms: readonly number[]): Run => ({
  ...{ 'p50 ms': percentile(ms, 0.5), 'p99 ms': percentile(ms, 0.99) },
});
