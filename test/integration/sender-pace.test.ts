import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { perSecondOfKind } from '../../config/sender-rates.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { bookMoments } from '../../src/store/sender-paces.ts';
import { createSenderPace, type SenderPace, spacingMs } from '../../src/usecases/sender-pace.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type Arrival, mostInAnySecond } from '../support/most-in-any-second.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** What one process hands over by, with a connection of its own, to a database that may answer slowly. */
function openPace(
  sender: string,
  {
    perSecond,
    purpose,
    slowMs = 0,
  }: { perSecond: number; purpose: 'reminders' | 'codes'; slowMs?: number },
) {
  const own = database.open(purpose === 'codes' ? 'patient' : 'worker');
  return createSenderPace({
    ...{ perSecond, purpose, log: silentLog },
    // Each test has senders of its own; a deployment has one a channel.
    sender: sender as Channel,
    async book(wanted) {
      const booking = await bookMoments(own, wanted);
      // On the way back alone: what it says of its clock is as far from the truth as it can be.
      if (slowMs > 0) await sleep(slowMs);
      return booking;
    },
  });
}

/** By a clock that stands still, but for what a database far away takes to answer. */
function openFarPace(answerMs: number) {
  const time = { nowMs: 0 };
  const fartherMs: number[] = [];
  const pace = createSenderPace({
    ...{ sender: 'sms', perSecond: 50, purpose: 'reminders', log: silentLog },
    clock: () => time.nowMs,
    async book({ wanted, everyMs }) {
      if (wanted > 0) fartherMs.push(everyMs - spacingMs(50));
      time.nowMs += answerMs;
      return { nowMs: time.nowMs, firstMs: time.nowMs, count: wanted };
    },
  });
  return { pace, time, fartherMs };
}

/** Whether one message may leave now: as a code does, but however often its moment is missed. */
async function passes(pace: SenderPace, { withinMs }: { withinMs: number }): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const moment = await pace.nearMoment({ withinMs: deadlineMs - performance.now() });
    if (!moment) return false;
    if (await pace.reach(moment)) return true;
  }
}

const exactly = (atMs: number): Arrival => ({ sinceMs: atMs, byMs: atMs });

/** A provider far away: what is handed over reaches it a little later, and not evenly. */
function farProvider() {
  const seenAtMs: number[] = [];
  return {
    seenAtMs,
    async take(): Promise<void> {
      await sleep(Math.random() * 40);
      seenAtMs.push(performance.now());
    },
  };
}

describe('a sender’s rate', () => {
  it.concurrent.each([...new Set(Object.values(perSecondOfKind))])(
    'is kept by four processes and one that sends codes: %d a second and one more at most',
    async (perSecond) => {
      const kind = `sender at ${perSecond}`;
      const provider = farProvider();
      const processes = Array.from({ length: 4 }, () =>
        openPace(kind, { perSecond, purpose: 'reminders' }),
      );
      const codes = openPace(kind, { perSecond, purpose: 'codes' });
      const all = [...processes, codes];
      // However busy this machine is.
      const endsAt = performance.now() + 30_000;
      const enough = Math.ceil(perSecond * 2.3);
      const sendAll = async (pace: typeof codes, atOnce: number) => {
        const send = async () => {
          const left = () => endsAt - performance.now();
          while (await passes(pace, { withinMs: left() })) {
            await provider.take();
            if (provider.seenAtMs.length >= enough) for (const one of all) one.close();
          }
        };
        await Promise.all(Array.from({ length: atOnce }, send));
      };
      await Promise.all([...processes.map((pace) => sendAll(pace, 30)), sendAll(codes, 1)]);
      expect(mostInAnySecond(provider.seenAtMs.map(exactly))).toBeLessThanOrEqual(perSecond + 1);
      // Nor is most of it left unused.
      expect(provider.seenAtMs.length).toBeGreaterThanOrEqual(enough);
    },
  );

  it.concurrent('goes to codes first, and leaves one moment in four to reminders', async () => {
    const order: string[] = [];
    const wait = (purpose: 'reminders' | 'codes', count: number) => {
      const pace = openPace('crowded', { perSecond: 10, purpose });
      return Array.from({ length: count }, async () => {
        if (await passes(pace, { withinMs: 20_000 })) order.push(purpose);
      });
    };
    const reminders = wait('reminders', 12);
    await reminders[0];
    await Promise.all(wait('codes', 24));
    const among = order.slice(0, order.lastIndexOf('codes')).filter((one) => one === 'reminders');
    // Of eight threes of codes; the first reminders had their moments before any code came.
    expect(among.length).toBeGreaterThanOrEqual(7);
    expect(among.length).toBeLessThanOrEqual(12);
    await Promise.all(reminders);
    expect(order).toHaveLength(36);
  });

  it.concurrent('lets codes pass while reminders flood that take a while to get ready', async () => {
    const reminders = [1, 2].map(() => openPace('busy', { perSecond: 10, purpose: 'reminders' }));
    const codes = openPace('busy', { perSecond: 10, purpose: 'codes' });
    let isOver = false;
    const flood = async (pace: SenderPace) => {
      while (!isOver) {
        const moment = await pace.nearMoment({ withinMs: 20_000 });
        if (!moment) continue;
        await sleep(300);
        await pace.reach(moment);
      }
    };
    const flooding = reminders.flatMap((pace) => Array.from({ length: 20 }, () => flood(pace)));
    await sleep(4_000);
    const passed = await Promise.all(
      Array.from({ length: 5 }, async (_, place) => {
        await sleep(place * 400);
        return passes(codes, { withinMs: 20_000 });
      }),
    );
    isOver = true;
    for (const pace of [...reminders, codes]) pace.close();
    await Promise.all(flooding);
    expect(passed).toEqual([true, true, true, true, true]);
  });

  it.concurrent('is kept, and used, by processes whose database answers late', async () => {
    const quick = openPace('late', { perSecond: 50, purpose: 'reminders' });
    const slow = openPace('late', { perSecond: 50, purpose: 'reminders', slowMs: 240 });
    const leftAtMs: { quick: number[]; slow: number[] } = { quick: [], slow: [] };
    // However busy this machine is.
    const endsAt = performance.now() + 20_000;
    const left = () => (leftAtMs.slow.length < 12 ? endsAt - performance.now() : 0);
    const send = async (pace: SenderPace, at: number[]) => {
      while (left() > 0) if (await passes(pace, { withinMs: left() })) at.push(performance.now());
    };
    const sending = Array.from({ length: 20 }, () => [
      send(quick, leftAtMs.quick),
      send(slow, leftAtMs.slow),
    ]);
    await Promise.all(sending.flat());
    const sorted = [...leftAtMs.quick, ...leftAtMs.slow].sort((one, other) => one - other);
    expect(leftAtMs.slow.length).toBeGreaterThanOrEqual(12);
    expect(mostInAnySecond(sorted.map(exactly))).toBeLessThanOrEqual(51);
  });

  it.concurrent.each([
    [2, 0],
    [60, 4],
    [240, 184],
  ])(
    'is kept by moments farther apart where the database takes long to answer, and not because nobody asked for an hour: %d ms',
    async (answerMs, fartherMs) => {
      const { pace, time, fartherMs: asked } = openFarPace(answerMs);
      for (const idleMs of [0, 3_600_000]) {
        time.nowMs += idleMs;
        expect(await pace.nearMoment({ withinMs: 20_000 })).toBeDefined();
      }
      expect(asked.map(Math.round)).toEqual([fartherMs, fartherMs]);
      pace.close();
    },
  );

  it.concurrent.each([
    [2, 73],
    [40, 35],
    [400, 18],
  ])(
    'is kept by leaving less late where the database takes long to answer: %d ms',
    async (answerMs, lateMs) => {
      const { pace, time } = openFarPace(answerMs);
      const moment = await pace.nearMoment({ withinMs: 20_000 });
      if (!moment) throw new Error('no moment came');
      time.nowMs = moment.atMs + lateMs;
      expect(pace.isMissed(moment)).toBe(false);
      time.nowMs += 1;
      expect(pace.isMissed(moment)).toBe(true);
      pace.close();
    },
  );

  it.concurrent('is got ready for no longer than that takes, and less than a second', async () => {
    const pace = openPace('unready', { perSecond: 20, purpose: 'reminders' });
    const send = async (tookMs: number) => {
      const moment = await pace.nearMoment({ withinMs: 20_000 });
      if (!moment) throw new Error('no moment came');
      await sleep(tookMs);
      const reached = await pace.reach(moment);
      return { earlyMs: moment.atMs - moment.begunMs, reached };
    };
    const ready = await Promise.all(Array.from({ length: 20 }, () => send(200)));
    expect(Math.max(...ready.map(({ earlyMs }) => earlyMs))).toBeLessThan(700);
    // What was held up for longer may have been cancelled or paused since: no moment is its own any more.
    expect((await send(1_500)).reached).toBeUndefined();
    expect((await send(0)).earlyMs).toBeLessThanOrEqual(800);
  });

  it.concurrent('lets nobody pass whose moment does not come in time, or whose process ends', async () => {
    const pace = openPace('slow', { perSecond: 0.1, purpose: 'reminders' });
    expect(await passes(pace, { withinMs: 20_000 })).toBe(true);
    expect(await passes(pace, { withinMs: 1_000 })).toBe(false);
    const last = passes(pace, { withinMs: 60_000 });
    pace.close();
    expect(await last).toBe(false);
    expect(await passes(pace, { withinMs: 60_000 })).toBe(false);
  });

  it.concurrent('loses no moment to those who waited too long for it', async () => {
    let firstMs = 0;
    const pace = createSenderPace({
      ...{ sender: 'sms', perSecond: 1, purpose: 'reminders', log: silentLog },
      async book({ wanted }) {
        const nowMs = performance.now();
        firstMs = nowMs + 500;
        return { count: wanted, firstMs, nowMs };
      },
    });
    const [impatient, patient] = await Promise.all(
      [400, 10_000].map((withinMs) => pace.nearMoment({ withinMs })),
    );
    expect(impatient).toBeUndefined();
    // The first moment, a second before the next.
    expect(patient?.atMs).toBeLessThan(firstMs + 900);
  });

  it.concurrent('lets nobody pass while the database is away', async () => {
    const pace = createSenderPace({
      ...{ sender: 'sms', perSecond: 10, purpose: 'codes', log: silentLog },
      book: () => Promise.reject(new Error('away')),
    });
    expect(await passes(pace, { withinMs: 1_000 })).toBe(false);
  });

  it.concurrent('is held up by no clock that was set back', async () => {
    await database.admin.query(
      `insert into sender_paces
       select 'set back', t, t from (select clock_timestamp() + interval '1 hour') as later (t)`,
    );
    const pace = openPace('set back', { perSecond: 10, purpose: 'reminders' });
    expect(await passes(pace, { withinMs: 20_000 })).toBe(true);
  });

  it('is not made up for by a process that was held up', async () => {
    const pace = openPace('held up', { perSecond: 50, purpose: 'reminders' });
    const leftAtMs: number[] = [];
    const sending = Array.from({ length: 60 }, async () => {
      if (await passes(pace, { withinMs: 20_000 })) leftAtMs.push(performance.now());
    });
    await sleep(1_100);
    const stalledAt = performance.now();
    while (performance.now() - stalledAt < 200);
    await Promise.all(sending);
    expect(leftAtMs).toHaveLength(60);
    expect(mostInAnySecond(leftAtMs.map(exactly))).toBeLessThanOrEqual(51);
  });
});
