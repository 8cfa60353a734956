import { randomUUID } from 'node:crypto';
import type { QueryConfig } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lane, laneKey } from '../../src/domain/lane.ts';
import type { Database } from '../../src/store/database.ts';
import {
  createLaneLookup,
  findWaitingBatches,
  takeBatches,
} from '../../src/store/waiting-batches.ts';
import {
  type FeedCursor,
  feedDueReminders,
  newFeedCursor,
} from '../../src/usecases/feed-due-reminders.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, lanes } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';

const live = { channel: 'sms', mode: 'live' } as const;

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
afterEach(async () => {
  await database.admin.query('truncate organisations, batches, heartbeats cascade');
});

async function queuedBy(organisationId: string): Promise<number> {
  const [row] = await bench.rows(
    `select count(*)::int as count from reminders where state = 'queued' and organisation_id = $1`,
    [organisationId],
  );
  return row?.count as number;
}

/** In a moment, of which seeding would take too much. */
const makeDueIn = (milliseconds: number[], seeded: readonly SeededReminder[]) =>
  database.admin.query(
    `update reminders r set due_at = clock_timestamp() + d.ms * interval '1 millisecond'
     from unnest($1::uuid[], $2::integer[]) as d (id, ms) where r.id = d.id`,
    [seeded.map(({ id }) => id), milliseconds],
  );

/** As a worker that hears no bell. */
const findWaiting = () =>
  findWaitingBatches(bench.worker, {
    ...{ waitingMs: 0, leaseMs: 60_000, leaseMarginMs: 20_000, countMax: 3, silentMs: 5_000 },
  });

describe('organisations take turns', () => {
  it('so that a large one cannot starve small ones', async () => {
    const large = await database.createOrganisation();
    const small = [await database.createOrganisation(), await database.createOrganisation()];
    await bench.seed({ organisationId: large, count: 600, dueInMs: -3_600_000 });
    for (const organisationId of small)
      await bench.seed({ organisationId, count: 20, dueInMs: -1 });
    await bench.feed(90);
    for (const organisationId of small) expect(await queuedBy(organisationId)).toBe(20);
    expect(await queuedBy(large)).toBe(50);
  });

  it('also when fewer reminders may be taken than organisations wait', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 7; count += 1) {
      const organisationId = await database.createOrganisation();
      ids.push(organisationId);
      await bench.seed({ organisationId, count: 5 });
    }
    for (let round = 0; round < 7; round += 1) await bench.feed(3);
    for (const organisationId of ids) expect(await queuedBy(organisationId)).toBe(3);
  });

  it('and within one, what is of use for the shortest time goes first', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 10, notAfterInMs: 5 * 3_600_000 });
    const urgent = await bench.seed({ organisationId, count: 5, notAfterInMs: 3_600_000 });
    await bench.feed(5);
    const queued = await bench.rows(`select id from reminders where state = 'queued'`);
    expect(queued.map(({ id }) => id).sort()).toEqual(urgent.map(({ id }) => id).sort());
  });
});

describe('within one organisation', () => {
  it('notices, and what is of use for a few hours, wait behind no backlog', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 600, dueInMs: -3_600_000 });
    const notices = await bench.seed({ organisationId, count: 2, notAfterInMs: 14 * 86_400_000 });
    await database.admin.query(
      `update reminders set kind = 'notice', before = null where id = any($1)`,
      [notices.map(({ id }) => id)],
    );
    const soon = await bench.seed({ organisationId, count: 2, notAfterInMs: 3 * 3_600_000 });
    await bench.feed(5);
    const queued = await bench.rows(`select id from reminders where state = 'queued'`);
    expect(queued).toHaveLength(5);
    const ids = queued.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([...notices, ...soon].map(({ id }) => id)));
  });
});

describe('what is not taken', () => {
  it.each([
    ['what is not due yet', "update reminders set due_at = now() + interval '1 hour'"],
    ['what is of no use any more', `update reminders set not_after = now() - interval '1 s'`],
    ['what was cancelled', `update reminders set state = 'cancelled'`],
    ['what belongs to a paused appointment', 'update appointments set paused_at = now()'],
    [
      'anything, while everything is paused',
      `insert into pauses (id, reason) values (gen_random_uuid(), 'x')`,
    ],
    [
      'anything, while the channel is paused',
      `insert into pauses (id, channel, reason) values (gen_random_uuid(), 'sms', 'x')`,
    ],
    [
      'what belongs to a paused organisation',
      `insert into pauses (id, organisation_id, reason) select gen_random_uuid(), id, 'x' from organisations`,
    ],
  ])('%s', async (_, sql) => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 3 });
    await database.admin.query(sql);
    expect(await bench.feed()).toEqual([]);
    await database.admin.query('delete from pauses');
  });

  it('is taken again once a pause has ended', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 3 });
    await database.admin.query(
      `insert into pauses (id, reason, ended_at) values (gen_random_uuid(), 'x', now())`,
    );
    expect(await bench.feed()).toHaveLength(1);
    await database.admin.query('delete from pauses');
  });

  it('anything, while no worker is alive', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 3 });
    const feed = () =>
      feedDueReminders(
        { database: bench.scheduler, ring: () => {} },
        { lane: live, perSecond: 100, cursor: newFeedCursor() },
      );
    expect((await feed()).count).toBe(0);
    await database.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'one', '0')`,
    );
    expect((await feed()).count).toBe(3);
  });

  it('more than one to probe with, while every worker finds the provider down', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 30 });
    await database.admin.query(
      `insert into heartbeats (name, instance, version) select name, n, '0'
       from unnest(array['dispatch', 'held-up sms live']) name, unnest(array['one', 'two']) n`,
    );
    const taken = [];
    for (let tick = 0; tick < 3; tick += 1) {
      const { count } = await feedDueReminders(
        { database: bench.scheduler, ring: () => {} },
        { lane: live, perSecond: 100, cursor: newFeedCursor() },
      );
      taken.push(count);
    }
    expect(taken).toEqual([1, 0, 0]);
  });
});

describe('feeding', () => {
  it('says when the next one is due, of any organisation, if that is before the next round', async () => {
    const feed = () =>
      feedDueReminders(
        { database: bench.scheduler, ring: () => {} },
        { lane: live, perSecond: 100, cursor: newFeedCursor() },
      );
    await bench.feed();
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1, dueInMs: 60_000 });
    expect(await feed()).toEqual({ count: 0, again: 'no', dueInMs: undefined });
    const soon: SeededReminder[] = [];
    for (const dueInMs of [90_000, 80_000]) {
      const other = await database.createOrganisation();
      soon.push(...(await bench.seed({ organisationId: other, count: 1, dueInMs })));
    }
    await bench.seed({ organisationId, count: 2 });
    await makeDueIn([950, 700], soon);
    const { count, dueInMs = 0 } = await feed();
    expect(count).toBe(2);
    expect(dueInMs).toBeGreaterThan(0);
    expect(dueInMs).toBeLessThanOrEqual(700);
  });

  it('says so too of an organisation that it has just taken from, however much else it has', async () => {
    const organisationId = await database.createOrganisation();
    await database.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'one', '0')`,
    );
    const soon = await bench.seed({ organisationId, count: 1, dueInMs: 60_000 });
    await bench.seed({ organisationId, count: 30 });
    await makeDueIn([900], soon);
    const { count, dueInMs = 0 } = await feedDueReminders(
      { database: bench.scheduler, ring: () => {} },
      { lane: live, perSecond: 100, cursor: newFeedCursor() },
    );
    expect(count).toBe(30);
    expect(dueInMs).toBeGreaterThan(0);
    expect(dueInMs).toBeLessThanOrEqual(900);
  });

  it('lets nothing wait, neither bells nor locked reminders, for a look at what comes next', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 30 });
    await database.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'one', '0')`,
    );
    const asked: (string | undefined)[] = [];
    const watched: Pick<Database, 'transaction'> = {
      transaction: (ids, work, options) => {
        const workWatched: typeof work = (connection) => {
          const query = (...call: [QueryConfig, unknown[]?]) => {
            asked.push(call[0].name);
            return connection.query(...call);
          };
          return work({ query } as typeof connection);
        };
        return bench.scheduler.transaction(ids, workWatched, options);
      },
    };
    await feedDueReminders(
      { database: watched, ring: () => {} },
      { lane: live, perSecond: 100, cursor: newFeedCursor() },
    );
    expect(asked.slice(-3)).toEqual([
      'list due organisations',
      'lock due reminders',
      'queue batches',
    ]);
  });

  it('by several schedulers at once takes each reminder once', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 300 });
    const rung = (await Promise.all(Array.from({ length: 6 }, () => bench.feed(100)))).flat();
    const batches = await bench.rows('select id, reminder_count as count from batches order by id');
    expect(rung.sort()).toEqual(batches.map(({ id }) => id));
    const queued = await bench.rows(
      `select batch_id as id, count(*)::int as count from reminders where state = 'queued'
       group by 1 order by 1`,
    );
    expect(queued).toEqual(batches);
  });

  it('does not wait for what somebody else has locked', async () => {
    const organisationId = await database.createOrganisation();
    const [locked] = await bench.seed({ organisationId, count: 5 });
    const change = await database.admin.connect();
    await change.query('begin');
    await change.query('select from reminders where id = $1 for update', [locked?.id]);
    await bench.feed();
    expect(await bench.states()).toEqual({ queued: 4, scheduled: 1 });
    await change.query('rollback');
    change.release();
  });

  it('rings only after the commit, and for every batch', async () => {
    const seen = await ringsOf({ count: 250, workers: 1 });
    const channel = 'sms';
    expect(seen).toEqual([
      { channel, count: 200 },
      { channel, count: 50 },
    ]);
  });

  it('fills no batch at the cost of a worker that would have none', async () => {
    const channel = 'sms';
    const seen = await ringsOf({ count: 250, workers: 2 });
    expect(seen).toEqual([
      { channel, count: 125 },
      { channel, count: 125 },
    ]);
  });

  /** What each bell finds when it rings. */
  async function ringsOf({ count, workers }: { count: number; workers: number }) {
    await bench.seed({ organisationId: await database.createOrganisation(), count });
    await database.admin.query(
      `insert into heartbeats (name, instance, version)
       select 'dispatch', 'worker ' || n, '0' from generate_series(1, $1) n`,
      [workers],
    );
    const seen: Promise<Record<string, unknown>[]>[] = [];
    await feedDueReminders(
      {
        database: bench.scheduler,
        ring: (batchId) =>
          seen.push(
            bench.rows(
              `select b.channel, count(r.id)::int as count from batches b
               left join reminders r on r.batch_id = b.id where b.id = $1 group by b.id`,
              [batchId],
            ),
          ),
      },
      { lane: live, perSecond: 10_000, cursor: newFeedCursor() },
    );
    return (await Promise.all(seen)).flat();
  }

  it('takes no more than workers have room for, by several processes that count now and then', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 2_500 });
    await database.admin.query(
      `insert into heartbeats (name, instance, version)
       select 'dispatch', 'worker ' || n, '0' from generate_series(1, 3) n`,
    );
    const cursors = [newFeedCursor(), newFeedCursor()];
    const feed = async (cursor: FeedCursor) => {
      const { count } = await feedDueReminders(
        { database: bench.scheduler, ring: () => {} },
        { lane: live, perSecond: 10_000, cursor },
      );
      return count;
    };
    const feedAll = async () => {
      let taken = 0;
      for (let turn = 0, empty = 0; empty < 2; turn += 1) {
        const count = await feed(cursors[turn % 2] ?? newFeedCursor());
        taken += count;
        empty = count === 0 ? empty + 1 : 0;
      }
      return taken;
    };
    // Three times what is thought to wait no longer than two seconds; less on a machine that is slow.
    const taken = await feedAll();
    expect(taken).toBeGreaterThanOrEqual(500);
    expect(taken).toBeLessThanOrEqual(1_920);
    await database.admin.query(`update reminders set state = 'scheduled', batch_id = null,
      lease_until = null where id in (select id from reminders where state = 'queued' limit 400)`);
    expect(await feedAll()).toBeLessThanOrEqual(1_920 - taken + 400);
  });

  it('gives their turn to those that come while another has more than is taken', async () => {
    const large = await database.createOrganisation();
    const small = await database.createOrganisation();
    await bench.seed({ organisationId: large, count: 600, dueInMs: -3_600_000 });
    expect(await bench.feed(100)).toHaveLength(1);
    await bench.seed({ organisationId: small, count: 20, dueInMs: -1 });
    const isGiven = async () => {
      await bench.feed(4);
      return (await queuedBy(small)) > 0;
    };
    await waitFor(isGiven);
    expect(await queuedBy(large)).toBeLessThan(600);
  });

  it('leaves nothing of those that come meanwhile once there is room for all', async () => {
    const large = await database.createOrganisation();
    await bench.seed({ organisationId: large, count: 150 });
    await bench.feed(30);
    const small = await database.createOrganisation();
    await bench.seed({ organisationId: small, count: 20 });
    await bench.feed();
    expect([await queuedBy(large), await queuedBy(small)]).toEqual([150, 20]);
  });

  it.each([
    [
      'is paused',
      `insert into pauses (id, organisation_id, reason) values (gen_random_uuid(), $1, 'test')`,
    ],
    [
      'wants to be asked',
      `insert into send_checks (id, organisation_id, mode, url)
       values (gen_random_uuid(), $1, 'live', 'https://example.org')`,
    ],
  ])('takes nothing more of an organisation from when it %s', async (_, begin) => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 100 });
    await bench.feed(30);
    await database.admin.query(begin, [organisationId]);
    await bench.feed(30);
    expect(await queuedBy(organisationId)).toBe(30);
  });

  it('counts what is in hand anew, also where the clock has been set back', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 2_000 });
    await database.admin.query(
      `insert into heartbeats (name, instance, version, beat_at)
       values ('dispatch', 'one', '0', 'infinity')`,
    );
    const cursor = newFeedCursor();
    const feedTimes = async (times: number) => {
      for (let turn = 0; turn < times; turn += 1) {
        await feedDueReminders(
          { database: bench.scheduler, ring: () => {} },
          { lane: live, perSecond: 10_000, cursor, allowedMax: 20 },
        );
      }
    };
    await feedTimes(20);
    const before = await queuedBy(organisationId);
    // Whoever is fed from now on has a lease that ends sooner than those in hand.
    await database.admin.query(
      `update reminders set lease_until = lease_until + interval '1 hour' where state = 'queued'`,
    );
    await feedTimes(60);
    const inHand = await queuedBy(organisationId);
    expect(inHand).toBeGreaterThan(before);
    // Room for 640, and what is not seen until all is counted again.
    expect(inHand).toBeLessThanOrEqual(640 + 10 * 20);
  });

  it('keeps to the rate of the sender', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 100 });
    await database.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'one', '0')`,
    );
    let taken = 0;
    for (let tick = 0; tick < 20; tick += 1) {
      // All are of one second, however long this machine takes for them.
      await database.admin.query('update batches set created_at = clock_timestamp()');
      const { count } = await feedDueReminders(
        { database: bench.scheduler, ring: () => {} },
        { lane: live, perSecond: 5, cursor: newFeedCursor() },
      );
      taken += count;
    }
    expect(taken).toBe(5);
  });

  it('says whether workers could have been given more, had they had room', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1_010 });
    await database.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'one', '0')`,
    );
    const feed = (perSecond: number) =>
      feedDueReminders(
        { database: bench.scheduler, ring: () => {} },
        { lane: live, perSecond, cursor: newFeedCursor() },
      );
    expect(await feed(5)).toEqual({ count: 5, again: 'no' });
    expect(await feed(10_000)).toEqual({ count: 500, again: 'now' });
    expect(await feed(10_000)).toEqual({ count: 135, again: 'soon' });
    expect(await feed(10_000)).toEqual({ count: 0, again: 'soon' });
    await database.admin.query(`delete from reminders where state = 'queued'`);
    expect(await feed(10_000)).toEqual({ count: 370, again: 'no' });
  });

  it('needs nothing but what the scheduler’s role may see', async () => {
    const scheduler = database.open('scheduler');
    for (const column of ['parcel', 'note', 'lookup', 'seal_public_key']) {
      await expect(scheduler.query(`select ${column} from links`)).rejects.toThrow(
        'permission denied',
      );
    }
    await expect(scheduler.query('select content from versions')).rejects.toThrow(
      'permission denied',
    );
    await expect(
      scheduler.query(`select token from attempts where id = $1`, [randomUUID()]),
    ).rejects.toThrow('permission denied');
  });
});

describe('lanes', () => {
  it.each([
    ['a flood of test messages', { mode: 'test' }],
    ['a flood of emails', { channels: ['email'] }],
  ] as const)('%s takes no room from live SMS, in any round', async (_, flood) => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 400, ...flood, dueInMs: -3_600_000 });
    await database.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'one', '0')`,
    );
    const feed = (lane: Lane) =>
      feedDueReminders(
        { database: bench.scheduler, ring: () => {} },
        { lane, perSecond: 20, cursor: newFeedCursor() },
      );
    await Promise.all(lanes.map(feed));
    const live = await bench.seed({ organisationId, count: 15 });
    const taken = await Promise.all(lanes.map(feed));
    expect(taken.map(({ count }) => count)).toEqual(
      lanes.map((lane) => (laneKey(lane) === 'sms live' ? 15 : 0)),
    );
    const queued = await bench.rows(
      `select r.id from reminders r join batches b on b.id = r.batch_id
       where b.channel = 'sms' and b.mode = 'live' order by 1`,
    );
    expect(queued.map(({ id }) => id)).toEqual(live.map(({ id }) => id).sort());
  });

  it('never share a batch', async () => {
    const organisationId = await database.createOrganisation();
    for (const mode of ['test', 'live'] as const) {
      for (const channel of ['sms', 'email'] as const) {
        await bench.seed({ organisationId, count: 5, mode, channels: [channel] });
      }
    }
    expect(await bench.feed()).toHaveLength(4);
    const mixed = await bench.rows(
      `select b.id from batches b join reminders r on r.batch_id = b.id
       where (r.channel, r.mode) is distinct from (b.channel, b.mode)`,
    );
    expect(mixed).toEqual([]);
  });

  it('are held up one by one: emails wait while SMS go on', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 5 });
    await bench.seed({ organisationId, count: 5, channels: ['email'] });
    await database.admin.query(
      `insert into heartbeats (name, instance, version) select name, 'one', '0'
       from unnest(array['dispatch', 'held-up email live']) name`,
    );
    const taken = await Promise.all(
      (['sms', 'email'] as const).map((channel) =>
        feedDueReminders(
          { database: bench.scheduler, ring: () => {} },
          { lane: { channel, mode: 'live' }, perSecond: 100, cursor: newFeedCursor() },
        ),
      ),
    );
    expect(taken.map(({ count }) => count)).toEqual([5, 1]);
  });

  it('are found apart when no bell was heard: a flood in one hides no batch of another', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 500, mode: 'test' });
    await bench.seed({ organisationId, count: 1 });
    await bench.feed();
    const waiting = await findWaiting();
    expect(waiting.map(({ lane }) => laneKey(lane)).sort()).toEqual([
      'sms live',
      'sms test',
      'sms test',
      'sms test',
    ]);
    const [first] = waiting;
    const laneOf = createLaneLookup(bench.worker);
    const [found, none] = await Promise.all([laneOf(first?.batchId ?? ''), laneOf(randomUUID())]);
    expect(found).toEqual(first?.lane);
    expect(none).toBeUndefined();
  });

  it('are looked at for what no other worker is at, and is not gone', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 3 });
    for (let round = 0; round < 3; round += 1) await bench.feed(1);
    const batchIds = (await findWaiting()).map(({ batchId }) => batchId);
    const claim = (ids: string[]) => takeBatches(bench.worker, { batchIds: ids, silentMs: 5_000 });
    const claims = await Promise.all(Array.from({ length: 4 }, () => claim(batchIds.slice(1))));
    expect(claims.flat().sort()).toEqual(batchIds.slice(1).sort());
    expect((await findWaiting()).map(({ batchId }) => batchId)).toEqual(batchIds.slice(0, 1));
    const ago = `clock_timestamp() - interval '6 seconds'`;
    await database.admin.query(`update batches set taken_at = ${ago} where taken_at is not null`);
    await takeBatches(bench.worker, { batchIds: batchIds.slice(2), silentMs: 0 });
    expect((await findWaiting()).map(({ batchId }) => batchId)).toEqual(batchIds.slice(0, 2));
    expect(await claim(batchIds)).toHaveLength(2);
  });
});
