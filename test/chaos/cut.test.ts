import { expect, inject, it } from 'vitest';
import { runChaos } from './run-chaos.ts';
import { scenarios } from './scenarios.ts';
import { faultsOf, tableOf } from './table.ts';

const seed = Number(process.env.SEED ?? 20_261_126);
const backend = inject('queue');

/** What each change must survive; what does not touch the queue is played beside one of the two. */
const onEach = ['worker-kill', 'worker-stop', 'worker-end', 'schedulers', 'bells'];
const cut = {
  postgres: [
    ...onEach,
    ...['postgres-kill', 'postgres-cut', 'commit-unknown', 'database-full', 'queue-away'],
    ...['provider-faults', 'mail-cuts', 'callbacks', 'clock-skew', 'clock-change'],
  ],
  redis: [
    ...onEach,
    ...['redis-down', 'redis-emptied', 'redis-full', 'redis-half-open', 'redis-failover'],
  ],
};

it('nothing is lost, doubled unflagged, or left in doubt, whatever breaks', async () => {
  const names = cut[backend];
  const played = scenarios.filter(({ name }) => names.includes(name));
  expect(played).toHaveLength(names.length);
  const result = await runChaos({
    ...{ backend, seed, scenarios: played },
    // No longer than the least of each takes.
    minutes: 0,
    redisProgram: backend === 'redis' ? inject('redisServer') : undefined,
    tell: () => {},
  });
  console.info(`seed ${seed}\n${tableOf([result])}`);
  expect(faultsOf([result])).toEqual([]);
}, 600_000);
