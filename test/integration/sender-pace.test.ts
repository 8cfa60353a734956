import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { perSecondOfKind } from '../../config/sender-rates.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { bookMoments } from '../../src/store/sender-paces.ts';
import { createSenderPace } from '../../src/usecases/sender-pace.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { mostInAnySecond } from '../support/most-in-any-second.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** What one process hands over by, with a connection of its own. */
function openPace(
  sender: string,
  { perSecond, purpose }: { perSecond: number; purpose: 'reminders' | 'codes' },
) {
  const own = database.open(purpose === 'codes' ? 'patient' : 'worker');
  return createSenderPace({
    ...{ perSecond, purpose, log: silentLog },
    // Each test has senders of its own; a deployment has one a channel.
    sender: sender as Channel,
    book: (wanted) => bookMoments(own, wanted),
  });
}

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
  it.concurrent.each(Object.entries(perSecondOfKind).filter(([kind]) => kind !== 'unknown'))(
    'is kept by four processes and one that sends codes: %s, %d a second and one more at most',
    async (kind, perSecond) => {
      const provider = farProvider();
      const withinMs = 2_300;
      const processes = Array.from({ length: 4 }, () =>
        openPace(kind, { perSecond, purpose: 'reminders' }),
      );
      const codes = openPace(kind, { perSecond, purpose: 'codes' });
      const endsAt = performance.now() + withinMs;
      const sendAll = async (pace: typeof codes, atOnce: number) => {
        const send = async () => {
          const left = () => endsAt - performance.now();
          while (left() > 0) if (await pace.moment({ withinMs: left() })) await provider.take();
        };
        await Promise.all(Array.from({ length: atOnce }, send));
      };
      await Promise.all([...processes.map((pace) => sendAll(pace, 30)), sendAll(codes, 1)]);
      expect(mostInAnySecond(provider.seenAtMs)).toBeLessThanOrEqual(perSecond + 1);
      // Nor is much of it left unused.
      expect(provider.seenAtMs.length).toBeGreaterThan(Math.floor(perSecond * 2 * 0.8));
    },
  );

  it('goes to codes first: none waits for the reminders that wait', async () => {
    const reminders = openPace('busy', { perSecond: 10, purpose: 'reminders' });
    const codes = openPace('busy', { perSecond: 10, purpose: 'codes' });
    const order: string[] = [];
    const waiting = Array.from({ length: 25 }, async () => {
      if (await reminders.moment({ withinMs: 2_500 })) order.push('reminder');
    });
    await sleep(150);
    for (let count = 0; count < 3; count += 1) {
      expect(await codes.moment({ withinMs: 1_000 })).toBe(true);
      order.push('code');
    }
    // Reminders are booked a quarter of a second ahead, and no more.
    expect(order.lastIndexOf('code')).toBeLessThan(12);
    await Promise.all(waiting);
  });

  it('is not made up for by a process that was held up', async () => {
    const pace = openPace('held up', { perSecond: 50, purpose: 'reminders' });
    const leftAtMs: number[] = [];
    const sending = Array.from({ length: 60 }, async () => {
      if (await pace.moment({ withinMs: 5_000 })) leftAtMs.push(performance.now());
    });
    await sleep(100);
    const stalledAt = performance.now();
    while (performance.now() - stalledAt < 200);
    await Promise.all(sending);
    expect(leftAtMs).toHaveLength(60);
    expect(mostInAnySecond(leftAtMs)).toBeLessThanOrEqual(51);
  });

  it('lets nobody pass whose moment does not come in time, or whose process ends', async () => {
    const pace = openPace('slow', { perSecond: 0.1, purpose: 'reminders' });
    expect(await pace.moment({ withinMs: 1_000 })).toBe(true);
    expect(await pace.moment({ withinMs: 1_000 })).toBe(false);
    const last = pace.moment({ withinMs: 60_000 });
    pace.close();
    expect(await last).toBe(false);
    expect(await pace.moment({ withinMs: 60_000 })).toBe(false);
  });

  it('lets nobody pass while the database is away', async () => {
    const pace = createSenderPace({
      ...{ sender: 'sms', perSecond: 10, purpose: 'codes', log: silentLog },
      book: () => Promise.reject(new Error('away')),
    });
    expect(await pace.moment({ withinMs: 1_000 })).toBe(false);
  });

  it('is held up by no clock that was set back', async () => {
    await database.admin.query(
      `insert into sender_paces values ('set back', clock_timestamp() + interval '1 hour')`,
    );
    const pace = openPace('set back', { perSecond: 10, purpose: 'reminders' });
    expect(await pace.moment({ withinMs: 1_000 })).toBe(true);
  });
});
