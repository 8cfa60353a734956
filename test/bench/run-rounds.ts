import type { Ground } from './ground.ts';
import type { Contender, Measurement, Run, SumOf } from './measurement.ts';

/** All runs of one contender, in the order of their rounds. */
export interface Runs {
  readonly contender: string;
  readonly runs: readonly Run[];
}

/**
 * Lets all contenders run in turn, round after round, so that whatever else the machine does meets all
 * of them alike. Each round begins with another one.
 */
export async function runRounds(
  ground: Ground,
  { contenders }: Pick<Measurement, 'contenders'>,
  { count, rounds, tell }: { count: number; rounds: number; tell: (line: string) => void },
): Promise<Runs[]> {
  const all = contenders.map(({ name }) => ({ contender: name, runs: [] as Run[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const place = (round + turn) % contenders.length;
      const { name, run } = contenders[place] as Contender;
      const came = await run(ground, count);
      all[place]?.runs.push(came);
      const [[measure, value] = []] = Object.entries(came);
      tell(`round ${round + 1} of ${rounds}: ${name}: ${value?.toFixed(1)} ${measure}`);
    }
  }
  return all;
}

/** With what some of them come to together, round by round; undefined where one of these cannot tell. */
export function withSums(all: readonly Runs[], sums: readonly SumOf[] = []): Runs[] {
  const summed = sums.map(({ name, of, measures }) => {
    const parts = of.map((part) => all.find(({ contender }) => contender === part)?.runs ?? []);
    const rounds = parts[0]?.map((_, round) => parts.map((runs) => runs[round] ?? {})) ?? [];
    return { contender: name, runs: rounds.map((runs) => sumOf(runs, measures)) };
  });
  return [...all, ...summed];
}

function sumOf(runs: readonly Run[], measures: readonly string[]): Run {
  const add = (measure: string) =>
    runs.map((run) => run[measure] ?? Number.NaN).reduce((sum, value) => sum + value);
  const told = measures.map((measure) => [measure, add(measure)] as const);
  return Object.fromEntries(told.filter(([, value]) => !Number.isNaN(value)));
}

/** The values of one measure, without the runs that could not tell. */
export function valuesOf({ runs }: Runs, measure: string): number[] {
  return runs.flatMap((run) => run[measure] ?? []);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const below = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const above = sorted[Math.floor(middle)] ?? Number.NaN;
  return (below + above) / 2;
}
