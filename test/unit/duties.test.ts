import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import type { Log, LogFacts } from '../../src/telemetry/log.ts';
import { createDispatcher } from '../../workers/dispatcher.ts';
import { startDuties } from '../../workers/duties.ts';

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

describe('a dispatcher', () => {
  const waiting =
    (...ids: string[]) =>
    async () =>
      ids.map((batchId) => ({ batchId, lane }));
  const lane = { channel: 'sms', mode: 'live' } as const;
  const laneOf = async () => lane;

  it('is at a batch once, however often it is told of it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun: string[] = [];
    const dispatcher = createDispatcher({
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

  it('leaves a batch that fails to its lease', async () => {
    const dispatcher = createDispatcher({
      findWaiting: waiting(),
      dispatch: () => Promise.reject(new AppError('unavailable')),
      laneOf,
      concurrency: 1,
      log,
    });
    await dispatcher.take('one');
    expect(warned).toContainEqual({ code: 'unavailable', batchId: 'one' });
  });
});
