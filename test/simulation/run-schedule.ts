import { drain } from './drain.ts';
import type { Breach } from './invariants.ts';
import { createRandom } from './random.ts';
import { drawSteps, type Step, take } from './steps.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export interface Ran {
  readonly breaches: readonly Breach[];
  readonly world: World;
  readonly steps: readonly Step[];
}

const stepsMin = 10;
const stepsSpread = 14;

/** The steps of a seed's schedule. */
export function scheduleOf(seed: number, count?: number): Step[] {
  const random = createRandom(seed ^ 0x5eed);
  return drawSteps(random, count ?? stepsMin + random.below(stepsSpread));
}

/** Runs one schedule, then lets all trouble be over, and says which promises it broke. */
export async function runSchedule(
  options: WorldOptions,
  steps: readonly Step[] = scheduleOf(options.seed),
): Promise<Ran> {
  const world = await createWorld(options);
  for (const step of steps) {
    await take(world, step);
    if (world.breaches().length > 0) return { breaches: world.breaches(), world, steps };
  }
  await drain(world, {
    toTheEnd: options.seed % 4 === 0,
    mood: options.seed % 4 === 1 ? 'times out' : 'accepts',
  });
  world.watch.lookAtEnd();
  return { breaches: world.breaches(), world, steps };
}
