import assert from 'node:assert/strict';
import type { Answers } from './answer-classes.ts';

/** How long answers of one class took, in milliseconds. */
export interface Timing {
  readonly name: string;
  readonly count: number;
  readonly medianMs: number;
  /** A tenth was quicker than the one, a tenth slower than the other. */
  readonly p10Ms: number;
  readonly p90Ms: number;
}

/**
 * Times answers in rounds: one of each class in each, a few at once, beginning with another class each
 * time, so that whatever else the machine does hits all of them.
 */
export async function timeAnswers(
  rounds: readonly Answers[],
  { atOnce }: { atOnce: number },
): Promise<Timing[]> {
  const times = new Map(Object.keys(rounds[0] ?? {}).map((name) => [name, [] as number[]]));
  for (const [round, answers] of rounds.entries()) {
    const entries = Object.entries(answers);
    const first = round % entries.length;
    const left = [...entries.slice(first), ...entries.slice(0, first)];
    while (left.length > 0) {
      await Promise.all(
        left.splice(0, atOnce).map(async ([name, answer]) => {
          const begun = performance.now();
          const { location } = await answer();
          const took = performance.now() - begun;
          // A class that is not what it is called proves nothing.
          assert.equal(location === '/details', name.endsWith(' right'), name);
          times.get(name)?.push(took);
        }),
      );
    }
  }
  return Array.from(times, ([name, values]) => {
    const sorted = values.toSorted((one, other) => one - other);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    return { name, count: values.length, medianMs: at(0.5), p10Ms: at(0.1), p90Ms: at(0.9) };
  });
}

/**
 * Between the quickest class and the slowest of one way to prove, where these differ most. Who answers knows
 * the way, and the ways may differ: only what became of an answer must not be told.
 */
export function differenceMs(timings: readonly Timing[], figure: 'medianMs' | 'p10Ms'): number {
  const ways = Object.values(Object.groupBy(timings, ({ name }) => name.split(' ')[0] ?? name));
  const differences = ways.map((ofOne = []) => {
    const figures = ofOne.map((timing) => timing[figure]);
    return Math.max(...figures) - Math.min(...figures);
  });
  return Math.max(...differences);
}
