import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { measureMinutes } from '../../src/usecases/measure-minutes.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { createFaultPoint, faultModes } from '../support/fault-point.ts';
import { startMessagesPeer } from '../support/messages-peer.ts';
import { type PlantedHandOver, plantHandOver, plantStep } from '../support/plant-steps.ts';
import { waitFor } from '../support/wait-for.ts';

const minuteMs = 60_000;
let database: TestDatabase;
let scheduler: Database;
let organisationId: string;
/** The minute that began ten minutes ago. */
let minute: Date;

beforeAll(async () => {
  database = await createTestDatabase();
  scheduler = database.open('scheduler');
});
afterAll(() => database.drop());
beforeEach(async () => {
  organisationId = await database.createOrganisation();
  minute = new Date(Math.floor(Date.now() / minuteMs) * minuteMs - 10 * minuteMs);
  await startAt(minute);
});
afterEach(async () => {
  await database.admin.query(`truncate organisations, events, suppressions, minute_transitions,
    minute_hand_overs, minute_lateness, minute_opt_outs, total_transitions, total_hand_overs,
    total_lateness, total_opt_outs cascade`);
});

const startAt = (from: Date) =>
  database.admin.query('update measuring set measured_until = $1', [from]);
const measure = () => measureMinutes({ database: scheduler });
const rows = async (query: string) => (await database.admin.query(query)).rows;
/** So many seconds into the minute. */
const at = (seconds: number) => new Date(minute.getTime() + seconds * 1_000);
const plant = (some: Partial<PlantedHandOver> = {}) =>
  plantHandOver(database.admin, { organisationId, at: at(1), ...some });
const handOvers = () =>
  rows(`select mode, channel, transport, outcome, reason_code, sum(count)::int as count
    from minute_hand_overs group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`);
const counted = async () => {
  const [row] = await rows(`select (select sum(count)::int from minute_transitions) as minutes,
    (select sum(count)::int from total_transitions) as total,
    (select sum(count)::int from minute_hand_overs) as hand_overs,
    (select sum(count)::int from total_hand_overs) as all_hand_overs`);
  return row;
};
const once = { minutes: 1, total: 1, hand_overs: 1, all_hand_overs: 1 };
const nothing = { minutes: null, total: null, hand_overs: null, all_hand_overs: null };

describe('a minute that is over', () => {
  it('is counted by step, with what may be a second copy', async () => {
    const reminderId = await plant();
    await plant({ flagged: true });
    await plant({ channel: 'email', mode: 'test' });
    const step = { organisationId, reminderId, at: at(59.999), from: 'sending' };
    await plantStep(database.admin, { ...step, to: 'failed', reason: 'invalid_recipient' });
    await plantStep(database.admin, { ...step, at: at(60), to: 'sent' });
    await measure();
    expect(
      await rows(`select minute, mode, channel, from_state, to_state, reason_code, count::int,
        flagged_count::int from minute_transitions order by minute, mode, channel, to_state`),
    ).toMatchObject([
      {
        minute,
        mode: 'live',
        channel: 'sms',
        to_state: 'failed',
        reason_code: 'invalid_recipient',
      },
      { minute, mode: 'live', channel: 'sms', to_state: 'sending', count: 2, flagged_count: 1 },
      {
        minute,
        mode: 'test',
        channel: 'email',
        from_state: 'queued',
        to_state: 'sending',
        count: 1,
      },
      { minute: at(60), from_state: 'sending', to_state: 'sent', reason_code: '', count: 1 },
    ]);
  });

  it('is counted by the channel of each step, also of a reminder that is on another by now, or gone', async () => {
    const [other, gone] = [await plant(), await plant()];
    await database.admin.query(`update events set channel = 'email'`);
    await database.admin.query('delete from reminders where id = $1', [gone]);
    await plantStep(database.admin, {
      ...{ organisationId, reminderId: other, at: at(5), from: 'sending', to: 'sent' },
    });
    await measure();
    expect(
      await rows('select channel, to_state, count::int from minute_transitions order by channel'),
    ).toEqual([
      { channel: 'email', to_state: 'sending', count: 2 },
      { channel: 'sms', to_state: 'sent', count: 1 },
    ]);
  });

  it('is counted by what became of each hand-over, with the attempt of its time', async () => {
    const reminderId = await plant({ outcome: 'refused', reason: 'rate_limited' });
    await plant({ reminderId, number: 2, at: at(8) });
    await plant({ channel: 'email', outcome: 'refused', reason: 'invalid_recipient' });
    await measure();
    const sms = { mode: 'live', channel: 'sms', transport: 'sms-twilio' };
    expect(await handOvers()).toEqual([
      {
        ...{ mode: 'live', channel: 'email', transport: 'smtp' },
        ...{ outcome: 'refused', reason_code: 'invalid_recipient', count: 1 },
      },
      { ...sms, outcome: 'accepted', reason_code: '', count: 1 },
      { ...sms, outcome: 'refused', reason_code: 'rate_limited', count: 1 },
    ]);
  });

  it('says how late first hand-overs were, and no other', async () => {
    for (const lateS of [0.2, 0.25, 3, 100, 4_000, -5]) await plant({ lateS });
    const again = await plant({ lateS: 1, outcome: 'refused', reason: 'not_started' });
    await plant({ reminderId: again, number: 2, at: at(5) });
    await plant({ reminderId: again, number: 3, at: at(30) });
    await measure();
    const [row] = await rows('select * from minute_lateness');
    expect(row).toMatchObject({ minute, mode: 'live', channel: 'sms', count: '7', max_s: 4_000 });
    expect(row.p50_s).toBeCloseTo(3);
    expect(row.sum_s).toBeCloseTo(0.2 + 0.25 + 3 + 100 + 4_000 + 5);
    const [total] = await rows('select count::int, within_counts::int[] from total_lateness');
    expect(total).toEqual({ count: 7, within_counts: [3, 3, 3, 3, 5, 5, 5, 5, 6, 6, 6, 6, 6] });
  });

  it('is counted as the worker wrote it', async () => {
    const peer = await startMessagesPeer();
    const bench = createDispatchBench(database, peer);
    await bench.seed({ organisationId, count: 3 });
    await bench.drain();
    await peer.close();
    const earlier = `- interval '5 minutes'`;
    await database.admin.query(`update events set created_at = created_at ${earlier}`);
    await database.admin.query(`update attempts set started_at = started_at ${earlier}`);
    await measure();
    expect(await handOvers()).toMatchObject([{ outcome: 'accepted', reason_code: '', count: 3 }]);
    expect(
      await rows(`select from_state, to_state, count::int from total_transitions order by 2`),
    ).toEqual([
      { from_state: 'scheduled', to_state: 'queued', count: 3 },
      { from_state: 'queued', to_state: 'sending', count: 3 },
      { from_state: 'sending', to_state: 'sent', count: 3 },
    ]);
  });

  it('counts who said stop', async () => {
    await database.admin.query(
      `insert into suppressions (contact_index, pepper, channel, source, created_at)
       select sha256(n::text::bytea), 'p', 'sms', 'reply', $1 from generate_series(1, 2) n`,
      [at(3)],
    );
    await measure();
    const said = { channel: 'sms', source: 'reply', count: '2' };
    expect(await rows('select channel, source, count from total_opt_outs')).toEqual([said]);
    expect(await rows('select * from minute_opt_outs')).toEqual([{ minute, ...said }]);
  });
});

describe('a minute is closed once', () => {
  it('and not before two minutes after its end', async () => {
    await startAt(new Date(Date.now() - minuteMs));
    await plant({ at: new Date() });
    await plant({ at: new Date(Date.now() - 90_000) });
    await measure();
    expect(await counted()).toEqual(nothing);
  });

  it('by two that measure at once, and by one that begins again', async () => {
    await plant();
    const other = database.open('scheduler');
    await Promise.all([measure(), measureMinutes({ database: other }), measure()]);
    await measure();
    expect(await counted()).toEqual(once);
  });

  it('whatever it dies of, and wherever', async () => {
    await plant();
    const whole = createFaultPoint();
    await measureMinutes({ database: whole.database(scheduler) });
    expect(await counted()).toEqual(once);
    for (let step = 1; step <= whole.steps(); step += 1) {
      for (const mode of faultModes) {
        await database.admin.query(`truncate minute_transitions, minute_hand_overs, minute_lateness,
          total_transitions, total_hand_overs, total_lateness`);
        await startAt(minute);
        const fault = createFaultPoint({ at: step, mode });
        const run = measureMinutes({ database: fault.database(scheduler) }).catch(() => 'failed');
        await Promise.race([run, fault.died]);
        // The lock of one that died may be held for a moment longer.
        await waitFor(async () => {
          await measure();
          return (await counted()).minutes === 1;
        });
        expect(await counted()).toEqual(once);
      }
    }
  });

  it('with what was written in it and committed late', async () => {
    await underWay(async (late) => {
      await plantHandOver(late, { organisationId, at: at(1) });
      await mark();
      await measure();
      expect(await counted()).toEqual(nothing);
      expect(await rows('select measured_until from measuring')).toEqual([
        { measured_until: minute },
      ]);
      await late.query('commit');
    });
    await measure();
    expect(await counted()).toEqual(once);
  });

  it('even while a transaction of somebody else never ends', async () => {
    minute = new Date(minute.getTime() - 20 * minuteMs);
    await startAt(minute);
    await plant();
    await underWay(async (endless) => {
      await endless.query('select pg_current_xact_id()');
      await mark();
      await measure();
      expect(await counted()).toEqual(once);
    });
  });
});

/** Does something while a transaction is open. */
async function underWay(work: (connection: pg.Client) => Promise<void>): Promise<void> {
  const connection = new pg.Client({ connectionString: database.adminUrl.reveal() });
  await connection.connect();
  try {
    await connection.query('begin');
    await work(connection);
  } finally {
    await connection.end();
  }
}

/** Sets a mark, as the duty does, which is not settled before all that has begun by now has ended. */
const mark = () =>
  database.admin.query(`update measuring set settled_until = measured_until, mark_at = now(),
    mark_transaction_id = pg_current_xact_id()`);

/** Of this database alone. */
const setZone = (change: string) =>
  database.admin.query(`do $$ begin execute format(
    'alter role sotto_scheduler in database %I ${change.replaceAll("'", "''")}', current_database());
  end $$`);

describe('after an outage', () => {
  it('of 26 hours, over a change of clocks, every minute is made up for', async () => {
    const first = new Date(minute.getTime() - 26 * 60 * minuteMs);
    await startAt(first);
    for (let hour = 0; hour <= 26; hour += 1) {
      await plant({ at: new Date(first.getTime() + hour * 60 * minuteMs) });
    }
    await setZone(`set timezone = 'Europe/Paris'`);
    const abroad = database.open('scheduler');
    expect(await measureMinutes({ database: abroad })).toBeGreaterThanOrEqual(26 * 60);
    const minutes = await rows('select minute from minute_hand_overs order by 1');
    expect(minutes).toHaveLength(27);
    expect(minutes[0]).toEqual({ minute: first });
  });

  it('minutes are kept for eight days, and the totals for good', async () => {
    minute = new Date(minute.getTime() - 8 * 24 * 60 * minuteMs);
    await startAt(minute);
    await plant();
    await measure();
    expect(await counted()).toEqual(once);
    await retireExpired({ database: scheduler, log: silentLog });
    expect(await counted()).toEqual({ ...once, minutes: null, hand_overs: null });
  });
});
