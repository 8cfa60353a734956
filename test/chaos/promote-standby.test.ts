import { expect, it } from 'vitest';
import { playWorld } from '../scale/play-world.ts';
import { standby } from '../scale/standby.ts';
import { findRedis } from '../support/redis-process.ts';
import { faultsOf, tableOf } from './table.ts';

const seed = Number(process.env.SEED ?? 20_261_128);

it('all that was answered 2xx is there and goes out once, when a synchronous standby is promoted under load', async () => {
  const result = await playWorld(standby, {
    ...{ seed, rounds: 1, pace: { perSecond: 10, dueInMs: 5_000 } },
    ...{ redis: findRedis, tell: () => {} },
  });
  console.info(`seed ${seed}\n${tableOf([result])}`);
  expect(faultsOf([result])).toEqual([]);
  const [outcome] = result.outcomes;
  expect(outcome).toMatchObject({ rounds: 1, lost: 0, unflaggedDuplicates: 0 });
  // Twenty went out before it, and twenty after it.
  expect(outcome?.delivered).toBeGreaterThanOrEqual(40);
}, 600_000);
