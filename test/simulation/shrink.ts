import { runSchedule, scheduleOf } from './run-schedule.ts';
import type { Step } from './steps.ts';
import type { WorldOptions } from './world.ts';

/**
 * The fewest steps found that still break the promise that a seed's schedule breaks: ever smaller
 * parts are dropped for as long as it stays broken.
 *
 * @returns undefined when it breaks none
 */
export async function shrink(options: WorldOptions): Promise<Step[] | undefined> {
  const all = scheduleOf(options.seed);
  const promise = await brokenBy(options, all);
  if (promise === undefined) return undefined;
  let steps = all;
  for (let size = Math.ceil(steps.length / 2); size >= 1; ) {
    const shorter = await firstThatBreaks(options, { steps, size, promise });
    if (shorter) steps = shorter;
    else size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return steps;
}

async function firstThatBreaks(
  options: WorldOptions,
  { steps, size, promise }: { steps: readonly Step[]; size: number; promise: string },
): Promise<Step[] | undefined> {
  for (let from = 0; from < steps.length; from += size) {
    const left = steps.toSpliced(from, size);
    if (left.length < steps.length && (await brokenBy(options, left)) === promise) return left;
  }
  return undefined;
}

async function brokenBy(
  options: WorldOptions,
  steps: readonly Step[],
): Promise<string | undefined> {
  return (await runSchedule(options, steps)).breaches[0]?.promise;
}
