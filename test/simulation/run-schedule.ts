import { drain } from './drain.ts';
import type { Breach } from './invariants.ts';
import { createRandom } from './random.ts';
import { drawSteps, type Step, type StepKind, take, withRestore } from './steps.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export interface Ran {
  readonly breaches: readonly Breach[];
  readonly world: World;
  readonly steps: readonly Step[];
}

const stepsMin = 8;
const stepsSpread = 13;

/** The steps of a seed's schedule. */
export function scheduleOf(seed: number, count?: number): Step[] {
  const random = createRandom(seed ^ 0x5eed);
  if (count !== undefined) return drawSteps(random, count);
  const steps = drawSteps(random, stepsMin + random.below(stepsSpread));
  return seed % 12 === 5 ? withRestore(random, steps) : steps;
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
  const comesBack = options.seed % 8 === 1;
  await drain(world, {
    toTheEnd: options.seed % 4 === 0,
    mood: comesBack ? 'times out' : 'accepts',
  });
  // What was given up is there now: to be sent again by a person, or told of late.
  for (const step of comesBack ? encoreOf(options.seed) : []) await take(world, step);
  if (comesBack) await drain(world, { toTheEnd: false, mood: 'accepts' });
  world.watch.lookAtEnd();
  return { breaches: world.breaches(), world, steps };
}

const encore: readonly StepKind[] = [
  'receipts',
  'redrive',
  'put',
  'redrive',
  'receipts',
  'receipts',
];

function encoreOf(seed: number): Step[] {
  const random = createRandom(seed ^ 0xe9c04e);
  return encore
    .filter(() => random.chance(0.7))
    .map((kind) => ({ kind, seed: Math.floor(random.next() * 2 ** 32) }));
}
