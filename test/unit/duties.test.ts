import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { laneKey, lanesOf } from '../../src/domain/lane.ts';
import type { Log, LogFacts } from '../../src/telemetry/log.ts';
import type { Route } from '../../src/usecases/routes.ts';
import { createDispatcher } from '../../workers/dispatcher.ts';
import { type Duty, startDuties } from '../../workers/duties.ts';
import { feedAgain } from '../../workers/feed-again.ts';
import { createLaneFeeder } from '../../workers/lane-feeder.ts';
import { createHeldUpSigns } from '../../workers/worker-duties.ts';

const warned: LogFacts[] = [];
const log: Log = {
  debug() {},
  info() {},
  warn: (_, facts = {}) => void warned.push(facts),
  error() {},
};

describe('a duty', () => {
  it('runs at once and again, says that it lives, and runs no more when closed', async () => {
    let runs = 0;
    const beats: string[] = [];
    const running = startDuties(
      [
        {
          name: 'look',
          everyMs: 1,
          run: async () => {
            runs += 1;
          },
        },
      ],
      { log, beat: async (name) => void beats.push(name) },
    );
    await expect.poll(() => runs).toBeGreaterThan(3);
    await running.close();
    const atClose = runs;
    await wait(20);
    expect(runs).toBe(atClose);
    expect(beats).toEqual(['look']);
  });

  it('that fails is silent, is logged by its code, and is tried again', async () => {
    let runs = 0;
    const beats: string[] = [];
    const running = startDuties(
      [
        {
          name: 'fail',
          everyMs: 1,
          run: async () => {
            runs += 1;
            throw new AppError('unavailable');
          },
        },
      ],
      { log, beat: async (name) => void beats.push(name) },
    );
    await expect.poll(() => runs).toBeGreaterThan(2);
    await running.close();
    expect(beats).toEqual([]);
    expect(warned).toContainEqual({ code: 'unavailable', duty: 'fail' });
  });

  it('is never run twice at once, and is waited for when closed', async () => {
    let under = 0;
    let most = 0;
    const running = startDuties(
      [
        {
          name: 'slow',
          everyMs: 1,
          run: async () => {
            under += 1;
            most = Math.max(most, under);
            await wait(10);
            under -= 1;
          },
        },
      ],
      { log, beat: async () => {} },
    );
    await wait(35);
    await running.close();
    expect([under, most]).toEqual([0, 1]);
  });
});

describe('the sign of a duty', () => {
  const beginning = (duties: Duty[]) => {
    const beats: string[] = [];
    const running = startDuties(duties, { log, beat: async (sign) => void beats.push(sign) });
    return { beats, running };
  };
  const daily = { name: 'daily', everyMs: 86_400_000 };

  afterEach(() => void vi.useRealTimers());

  it('is given again and again while it rests, however long that is', async () => {
    vi.useFakeTimers();
    const { beats, running } = beginning([{ ...daily, run: async () => {} }]);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(beats).toHaveLength(5);
    await running.close();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(beats).toHaveLength(5);
  });

  it('is not given while a round hangs, nor after one has failed until one goes well', async () => {
    vi.useFakeTimers();
    let rounds = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const run = async () => {
      rounds += 1;
      if (rounds === 2) await promise;
      if (rounds === 3) throw new AppError('unavailable');
    };
    const { beats, running } = beginning([
      { name: 'often', everyMs: 1_000, roundMaxMs: 10_000, run },
    ]);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(rounds).toBe(2);
    expect(beats.length).toBeLessThanOrEqual(3);
    const before = beats.length;
    resolve();
    await vi.advanceTimersByTimeAsync(500);
    const after = beats.length;
    expect(after).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(rounds).toBeGreaterThan(10);
    expect(beats.length).toBeGreaterThan(after);
    await running.close();
  });

  it('of several is given while all of them are well', async () => {
    vi.useFakeTimers();
    let isWell = false;
    const run = async () => {
      if (!isWell) throw new AppError('unavailable');
    };
    const { beats, running } = beginning([
      { ...daily, sign: 'both', run: async () => {} },
      { ...daily, name: 'other', sign: 'both', run },
    ]);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(beats).toEqual([]);
    isWell = true;
    // A round that failed is tried again within half a minute, also of what is done once a day.
    await vi.advanceTimersByTimeAsync(2_000);
    expect(beats).toEqual(['both']);
    await running.close();
  });
});

describe('a dispatcher', () => {
  const waiting =
    (...ids: string[]) =>
    async () =>
      ids.map((batchId) => ({ batchId, lane }));
  const lane = { channel: 'sms', mode: 'live' } as const;
  const laneOf = async () => lane;
  const alone = {
    claim: async (ids: readonly string[]) => ids,
    keep: async () => {},
    isLeft: () => false,
  };

  it('is at a batch once, however often it is told of it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun: string[] = [];
    const dispatcher = createDispatcher({
      ...alone,
      findWaiting: waiting('one', 'two'),
      dispatch: async (batchId) => {
        begun.push(batchId);
        await promise;
      },
      laneOf,
      concurrency: 4,
      log,
    });
    void dispatcher.take('one');
    void dispatcher.take('one');
    await dispatcher.lookAround();
    expect(begun).toEqual(['one', 'two']);
    resolve();
    await dispatcher.idle();
    await dispatcher.take('one');
    expect(begun).toEqual(['one', 'two', 'one']);
  });

  it('takes what waits without a bell as far as it has room', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun: string[] = [];
    const dispatcher = createDispatcher({
      ...alone,
      findWaiting: waiting('a', 'b', 'c', 'd'),
      dispatch: async (batchId) => {
        begun.push(batchId);
        await promise;
      },
      laneOf,
      concurrency: 3,
      log,
    });
    await dispatcher.lookAround();
    await dispatcher.lookAround();
    expect(begun).toEqual(['a', 'b', 'c']);
    resolve();
    await dispatcher.idle();
  });

  it('takes nothing that another process is at, and says what it is at itself', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun: string[] = [];
    const kept: string[][] = [];
    const dispatcher = createDispatcher({
      findWaiting: waiting('a', 'b', 'c'),
      ...alone,
      claim: async (ids) => ids.filter((id) => id !== 'b'),
      keep: async (ids) => void kept.push([...ids]),
      dispatch: async (batchId) => {
        begun.push(batchId);
        await promise;
      },
      laneOf,
      concurrency: 3,
      log,
    });
    void dispatcher.take('told');
    await dispatcher.lookAround();
    await dispatcher.lookAround();
    expect(begun).toEqual(['told', 'a']);
    expect(kept).toEqual([['told'], ['told', 'a']]);
    resolve();
    await dispatcher.idle();
  });

  it('leaves a batch that fails to its lease', async () => {
    const dispatcher = createDispatcher({
      ...alone,
      findWaiting: waiting(),
      dispatch: () => Promise.reject(new AppError('unavailable')),
      laneOf,
      concurrency: 1,
      log,
    });
    await dispatcher.take('one');
    expect(warned).toContainEqual({ code: 'unavailable', batchId: 'one' });
  });

  it('leaves each lane its room: one that stands still keeps no other waiting', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun: string[] = [];
    const dispatcher = createDispatcher({
      ...alone,
      findWaiting: waiting(),
      laneOf: async (batchId) => ({
        channel: batchId.startsWith('e') ? 'email' : 'sms',
        mode: 'live',
      }),
      dispatch: async (batchId) => {
        begun.push(batchId);
        if (batchId.startsWith('e')) await promise;
      },
      concurrency: 2,
      log,
    });
    for (const batchId of ['e1', 'e2', 'e3', 'e4']) void dispatcher.take(batchId);
    await Promise.all(['s1', 's2', 's3'].map((batchId) => dispatcher.take(batchId)));
    expect(begun.toSorted()).toEqual(['e1', 'e2', 's1', 's2', 's3']);
    resolve();
    await dispatcher.idle();
    expect(begun.toSorted()).toEqual(['e1', 'e2', 'e3', 'e4', 's1', 's2', 's3']);
  });

  it('leaves alone what is no batch', async () => {
    const begun: string[] = [];
    const dispatcher = createDispatcher({
      ...alone,
      findWaiting: waiting(),
      laneOf: async () => undefined,
      dispatch: async (batchId) => void begun.push(batchId),
      concurrency: 1,
      log,
    });
    await dispatcher.take('nothing');
    expect(begun).toEqual([]);
  });
});

describe('feeding lanes', () => {
  const lanes = lanesOf(['sms', 'email']);

  it('begins those of patients first', () => {
    expect(lanes.map(laneKey)).toEqual(['sms live', 'email live', 'sms test', 'email test']);
  });

  it('is held up by none: one that takes long is left to it, and not begun twice', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const fed = new Map<string, number>();
    const round = createLaneFeeder({
      lanes,
      patienceMs: 5,
      feed: async (lane) => {
        fed.set(laneKey(lane), (fed.get(laneKey(lane)) ?? 0) + 1);
        if (lane.channel === 'email') await promise;
      },
    });
    await round();
    await round();
    expect(Object.fromEntries(fed)).toEqual({
      'sms live': 2,
      'email live': 1,
      'sms test': 2,
      'email test': 1,
    });
    resolve();
    // The round that it missed comes as soon as it is done, and not with the next one.
    await expect.poll(() => fed.get('email live')).toBe(2);
  });

  it('tells of a lane that fails, while the others are fed, and of one that is stuck', async () => {
    const fed: string[] = [];
    let nowMs = 0;
    const failing = createLaneFeeder({
      lanes,
      patienceMs: 5,
      feed: async (lane) => {
        if (laneKey(lane) === 'email live') throw new AppError('unavailable');
        fed.push(laneKey(lane));
      },
    });
    await expect(failing()).rejects.toMatchObject({ code: 'unavailable' });
    expect(fed).toHaveLength(3);

    const stuck = createLaneFeeder({
      lanes,
      patienceMs: 5,
      feed: (lane) => (lane.mode === 'test' ? new Promise(() => {}) : Promise.resolve()),
      clock: () => nowMs,
    });
    await stuck();
    nowMs = 20_000;
    await expect(stuck()).rejects.toMatchObject({ code: 'lane_stuck' });
  });
});

describe('the signs that a lane is held up', () => {
  it('are told and taken back lane by lane', async () => {
    const open = new Set(['email live']);
    const calls: string[] = [];
    const signs = createHeldUpSigns({
      lanes: lanesOf(['sms', 'email']),
      routeOf: (lane) =>
        ({ breaker: { allows: () => (open.has(laneKey(lane)) ? 'none' : 'all') } }) as Route,
      beat: async (name) => void calls.push(`beat ${name}`),
      takeBack: async (name) => void calls.push(`back ${name}`),
      lookForOthers: async () => false,
    });
    await signs.renew();
    open.delete('email live');
    open.add('sms live');
    await signs.renew();
    await signs.renew();
    await signs.takeBackAll();
    expect(calls).toEqual([
      'beat held-up email live',
      'beat held-up sms live',
      'back held-up email live',
      'beat held-up sms live',
      'back held-up sms live',
    ]);
  });

  it('leave it to others that reach its provider, but for what finds out whether this one does', async () => {
    const lane = { channel: 'sms', mode: 'live' } as const;
    let allows: 'all' | 'one' | 'none' = 'none';
    let ask = async () => true;
    const signs = createHeldUpSigns({
      lanes: [lane],
      routeOf: () => ({ breaker: { allows: () => allows } }) as Route,
      beat: async () => {},
      takeBack: async () => {},
      lookForOthers: () => ask(),
    });
    expect(signs.isLeft(lane)).toBe(false);
    await signs.renew();
    expect(signs.isLeft(lane)).toBe(true);
    expect(signs.isLeft({ ...lane, mode: 'test' })).toBe(false);
    allows = 'one';
    expect(signs.isLeft(lane)).toBe(false);
    expect(signs.areOthersWell(lane)).toBe(true);
    allows = 'all';
    expect(signs.isLeft(lane)).toBe(false);
    allows = 'none';
    for (const nobody of [async () => false, () => Promise.reject(new Error('away'))]) {
      ask = nobody;
      await signs.renew();
      expect(signs.isLeft(lane)).toBe(false);
    }
  });
});

describe('a lane whose workers are all that bounds it', () => {
  it('is fed again until there is nothing more, or the round is over', async () => {
    const takes = ['now', 'now', 'soon', 'no', 'soon'] as const;
    let times = 0;
    await feedAgain(async () => ({ again: takes[times++] ?? 'no', dueInMs: undefined }));
    expect(times).toBe(4);

    let now = 0;
    let rounds = 0;
    await feedAgain(
      async () => {
        now += 300;
        rounds += 1;
        return { again: 'soon', dueInMs: undefined };
      },
      () => now,
    );
    expect(rounds).toBe(3);
  });

  it('is fed once where the sender’s rate bounds it', async () => {
    let times = 0;
    await feedAgain(async () => {
      times += 1;
      return { again: 'no', dueInMs: undefined };
    });
    expect(times).toBe(1);
  });

  it('is fed when the next reminder is due, if that is before the next round', async () => {
    const dueInMs = [310, undefined];
    const fedAt: number[] = [];
    await feedAgain(async () => {
      fedAt.push(performance.now());
      return { again: 'no', dueInMs: dueInMs.shift() };
    });
    const [first = 0, second = 0] = fedAt;
    expect(fedAt).toHaveLength(2);
    expect(second - first).toBeGreaterThanOrEqual(309);
  });

  it('is fed for a fifth of the time at most, however long one feeding takes', async () => {
    let now = 0;
    let rounds = 0;
    const feedFor = (tookMs: number) =>
      feedAgain(
        async () => {
          now += tookMs;
          rounds += 1;
          return { again: 'no', dueInMs: 3 };
        },
        () => now,
      );
    await feedFor(240);
    expect(rounds).toBe(1);
    const beganAt = performance.now();
    const twice = [60, 900];
    rounds = 0;
    await feedAgain(
      async () => {
        rounds += 1;
        now += twice.shift() ?? 0;
        return { again: 'no', dueInMs: 3 };
      },
      () => now,
    );
    expect(rounds).toBe(2);
    expect(performance.now() - beganAt).toBeGreaterThanOrEqual(239);
  });

  it('takes what comes due close together at once, and leaves what is later to the next round', async () => {
    const dueInMs = [3, 900];
    const fedAt: number[] = [];
    await feedAgain(async () => {
      fedAt.push(performance.now());
      return { again: 'no', dueInMs: dueInMs.shift() };
    });
    const [first = 0, second = 0] = fedAt;
    expect(fedAt).toHaveLength(2);
    expect(second - first).toBeGreaterThanOrEqual(199);
  });
});
