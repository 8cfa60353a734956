import type { Ground } from './ground.ts';
import type { Contender, Measurement, Run } from './measurement.ts';

/** All runs of one contender, in the order of their rounds. */
export interface Runs {
  readonly contender: Contender;
  readonly runs: readonly Run[];
}

/**
 * Lets all contenders run in turn, round after round, so that whatever else the machine does meets all
 * of them alike. Each round begins with another one.
 */
export async function runRounds(
  ground: Ground,
  { ours, peers, limit }: Measurement,
  { count, rounds, tell }: { count: number; rounds: number; tell: (line: string) => void },
): Promise<Runs[]> {
  const contenders = [...ours, ...(limit ? [limit] : []), ...peers];
  const runs = new Map(contenders.map((contender) => [contender, [] as Run[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < contenders.length; place += 1) {
      const contender = contenders[(round + place) % contenders.length] as Contender;
      const run = await contender.run(ground, count);
      runs.get(contender)?.push(run);
      tell(`round ${round + 1} of ${rounds}: ${contender.name}: ${Math.round(run.value)}`);
    }
  }
  return contenders.map((contender) => ({ contender, runs: runs.get(contender) ?? [] }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const below = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const above = sorted[Math.floor(middle)] ?? Number.NaN;
  return (below + above) / 2;
}
