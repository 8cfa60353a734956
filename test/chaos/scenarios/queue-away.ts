import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';

export const queueAway: Scenario = {
  name: 'queue-away',
  fault: 'the queue’s own tables gone for a while: what waits is found without a bell',
  backend: 'postgres',
  rounds: { full: 15, least: 2 },
  perSecond: 20,
  async round({ stage, random, untilMore, breach }) {
    await stage.rows('alter schema sotto_queue rename to away');
    try {
      await wait(random.between(500, 4_000));
      if (!(await untilMore(10, 30_000))) breach('nothing went out while the queue was away');
    } finally {
      await stage.rows('alter schema away rename to sotto_queue');
    }
    await untilMore(5);
  },
  async check({ breach }, { uncertainMade }) {
    if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though nothing died`);
  },
};
