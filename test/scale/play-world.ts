import { type ChaosResult, runChaos } from '../chaos/run-chaos.ts';
import type { Scenario } from '../chaos/scenario.ts';
import type { RedisProgram } from '../support/redis-process.ts';
import type { World } from './world.ts';

/** Plays one world on a stage of its own, and judges it by the ledgers of the peers. */
export async function playWorld(
  world: World,
  {
    seed,
    rounds,
    pace = {},
    redis,
    tell,
  }: {
    readonly seed: number;
    readonly rounds: number;
    /** Another than the world's own. */
    readonly pace?: Pick<Scenario, 'perSecond' | 'dueInMs'>;
    readonly redis: () => RedisProgram;
    readonly tell: (line: string) => void;
  },
): Promise<ChaosResult> {
  const { shape, scenario, close } = await world.open(redis);
  try {
    return await runChaos({
      ...{ backend: world.backend, seed, minutes: 0, shape, redisProgram: undefined, tell },
      scenarios: [{ ...scenario, ...pace, rounds: { full: rounds, least: rounds } }],
    });
  } finally {
    await close();
  }
}
