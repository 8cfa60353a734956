import { type ChaosResult, runChaos } from '../chaos/run-chaos.ts';
import type { RedisProgram } from '../support/redis-process.ts';
import type { World } from './world.ts';

/** Plays one world on a stage of its own, and judges it by the ledgers of the peers. */
export async function playWorld(
  world: World,
  {
    seed,
    rounds,
    redis,
    tell,
  }: {
    readonly seed: number;
    readonly rounds: number;
    readonly redis: () => RedisProgram;
    readonly tell: (line: string) => void;
  },
): Promise<ChaosResult> {
  const { shape, scenario, close } = await world.open(redis);
  try {
    return await runChaos({
      ...{ backend: world.backend, seed, minutes: 0, shape, redisProgram: undefined, tell },
      scenarios: [{ ...scenario, rounds: { full: rounds, least: rounds } }],
    });
  } finally {
    await close();
  }
}
