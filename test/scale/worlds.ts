import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../chaos/scenario.ts';
import { type RedisProgram, startRedisProcess } from '../support/redis-process.ts';
import { type SeveralRedis, startCluster, startSentinels } from '../support/redis-several.ts';
import { lateStandby } from './late-standby.ts';
import { createRedisThief } from './redis-thief.ts';
import { standby } from './standby.ts';
import { twoOfEach } from './two-of-each.ts';
import type { World } from './world.ts';

const common = { perSecond: 20, rounds: { full: 3, least: 1 } } as const;
const stillMs = 30_000;

const pooler: World = {
  name: 'pooler',
  backend: 'postgres',
  async open() {
    const scenario: Scenario = {
      ...common,
      name: 'pooler',
      fault: 'PgBouncer by transactions before every process; PostgreSQL killed behind it',
      dueInMs: 12_000,
      async round({ stage, untilMore, breach }) {
        await untilMore(20, stillMs);
        await stage.postgres.kill();
        await wait(200);
        await stage.postgres.restart();
        if (!(await untilMore(20, 60_000))) breach('nothing went out any more');
      },
    };
    return { shape: { isPooled: true }, scenario, close: async () => {} };
  },
};

function severalRedis(
  name: string,
  fault: string,
  start: (program: RedisProgram) => Promise<SeveralRedis>,
): World {
  return {
    name,
    backend: 'redis',
    async open(redis) {
      const several = await start(redis());
      const thief = createRedisThief(several.servers);
      const scenario: Scenario = {
        ...{ ...common, name, fault },
        async round(scene) {
          const { untilMore, breach, note } = scene;
          await thief.begin();
          await untilMore(20, stillMs);
          note('ms until another was chosen', Math.round(await several.failOver()));
          for (const found of await thief.inFolders(scene)) breach(`on a disk, ${found}`);
          if (!(await untilMore(20, stillMs))) breach('nothing went out any more');
        },
        async check(scene, { uncertainMade }) {
          const { breach, note } = scene;
          if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though no worker died`);
          for (const fault of await thief.everywhere(scene)) breach(fault);
          note('bytes read for what is personal', thief.bytesRead());
        },
      };
      return { shape: { redisUrl: several.url }, scenario, close: several.stop };
    },
  };
}

const roles: readonly World[] = [
  {
    ...{ name: 'roles', backend: 'redis' },
    async open(program) {
      const redis = await startRedisProcess(program());
      return { shape: { redisUrl: redis.url }, scenario: twoOfEach('roles'), close: redis.stop };
    },
  },
  {
    ...{ name: 'roles-postgres', backend: 'postgres' },
    open: async () => ({
      ...{ shape: {}, scenario: twoOfEach('roles-postgres'), close: async () => {} },
    }),
  },
];

export const worlds: readonly World[] = [
  ...roles,
  pooler,
  severalRedis('sentinel', 'the primary killed, another chosen by three Sentinels', startSentinels),
  severalRedis(
    'cluster',
    'three primaries with replicas; the one that has the queue killed',
    startCluster,
  ),
  standby,
  lateStandby,
];
