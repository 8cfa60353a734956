import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario, Scene } from '../scenario.ts';
import type { Stage } from '../stage/stage.ts';

const common = {
  backend: 'redis',
  perSecond: 20,
  async check({ breach }: Scene, { uncertainMade }: { readonly uncertainMade: number }) {
    if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though no worker died`);
  },
} as const;

export const redisDown: Scenario = {
  ...common,
  name: 'redis-down',
  fault:
    'SIGKILL of Redis, and its start with nothing in it: everything is accepted and sent meanwhile',
  rounds: { full: 15, least: 2 },
  async round({ stage, random, realLeases, bookings, untilMore, breach }) {
    const redis = current(stage);
    const before = bookings.turnedAway();
    await redis.kill();
    await wait(random.between(0, realLeases ? 30_000 : 1_000));
    if (!(await untilMore(10, 30_000))) breach('nothing went out while Redis was down');
    if (bookings.turnedAway() > before) breach('the API turned somebody away without Redis');
    await redis.restart();
    await untilMore(5);
  },
};

export const redisEmptied: Scenario = {
  ...common,
  name: 'redis-emptied',
  fault: 'FLUSHALL, again and again',
  rounds: { full: 50, least: 5 },
  async round({ stage, random, untilMore, breach }) {
    await current(stage).admin.flushall();
    await wait(random.between(0, 300));
    if (!(await untilMore(3, 30_000))) breach('nothing went out any more');
  },
};

export const redisFull: Scenario = {
  ...common,
  name: 'redis-full',
  fault: 'Redis at its maxmemory',
  rounds: { full: 15, least: 1 },
  async round({ stage, random, bookings, untilMore, breach }) {
    const { admin } = current(stage);
    const before = bookings.turnedAway();
    await admin.config('SET', 'maxmemory', '1');
    await wait(random.between(0, 1_000));
    if (!(await untilMore(20, 30_000))) breach('nothing went out while Redis was full');
    if (bookings.turnedAway() > before) breach('the API turned somebody away with Redis full');
    await admin.config('SET', 'maxmemory', '0');
    await untilMore(5);
  },
};

export const redisHalfOpen: Scenario = {
  ...common,
  name: 'redis-half-open',
  fault: 'a Redis that takes everything and answers nothing',
  rounds: { full: 15, least: 1 },
  async round({ stage, random, realLeases, untilMore, breach }, number) {
    for (const { toRedis } of stage.actors()) {
      if (number % 2 === 0) toRedis?.stall();
      else toRedis?.muffle();
    }
    await wait(random.between(1_000, realLeases ? 45_000 : 3_000));
    if (!(await untilMore(20, 30_000))) breach('nothing went out while Redis was silent');
    for (const { toRedis } of stage.actors()) toRedis?.heal();
    await untilMore(5);
  },
};

export const redisFailover: Scenario = {
  ...common,
  name: 'redis-failover',
  fault: 'a Redis that dies, and its replica, a moment behind, in its place',
  rounds: { full: 15, least: 1 },
  async round({ stage, random, untilMore, breach }) {
    const [one, other] = stage.redis ?? [];
    const leader = current(stage);
    const replica = leader === one ? other : one;
    if (!replica) return;
    const { port } = new URL(leader.url.reveal());
    await replica.admin.replicaof('127.0.0.1', port);
    await untilMore(5);
    // It misses what comes last, as one that lags does.
    await replica.admin.call('CLIENT', 'KILL', 'TYPE', 'master');
    await leader.kill();
    await replica.admin.call('REPLICAOF', 'NO', 'ONE');
    await wait(random.between(0, 2_000));
    stage.leadToRedis(replica);
    if (!(await untilMore(20, 30_000))) breach('nothing went out any more');
    await leader.restart();
  },
};

function current(stage: Stage) {
  const redis = stage.redisInUse();
  if (!redis) throw new Error('no Redis on this stage');
  return redis;
}
