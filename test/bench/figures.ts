import type { Contender, Measurement, Run } from './measurement.ts';
import { median, type Runs } from './run-rounds.ts';

/** What a contender came to over all rounds: medians, and its value in each of them. */
interface Result {
  readonly name: string;
  readonly value: number;
  readonly rounds: readonly number[];
  readonly costs: Readonly<Record<string, number | undefined>>;
}

/** One of the others, and how many times its value ours is. */
export interface Beside extends Result {
  readonly ratio: number;
}

/** One measurement of ours in the JSON. */
export interface Figure extends Omit<Result, 'name'> {
  readonly name: string;
  readonly contender: string;
  readonly unit: string;
  readonly count: number;
  readonly limit?: Beside;
  readonly peers: readonly Beside[];
}

/** A figure for each contender of ours, next to all that ran in the same rounds. */
export function figuresOf(
  { unit, ours, peers, limit }: Measurement,
  count: number,
  allRuns: readonly Runs[],
): Figure[] {
  const results = new Map(
    allRuns.map(({ contender, runs }) => [contender, resultOf(contender, runs)]),
  );
  const beside = (other: Contender, value: number): Beside[] => {
    const result = results.get(other);
    return result ? [{ ...result, ratio: rounded(value / result.value, 2) }] : [];
  };
  return ours.flatMap((contender) => {
    const result = results.get(contender);
    if (!result) return [];
    const { name, ...measured } = result;
    const [least] = limit ? beside(limit, result.value) : [];
    return [
      {
        ...{ name: contender.figure, contender: name, unit, count, ...measured },
        ...(least ? { limit: least } : {}),
        peers: peers.flatMap((peer) => beside(peer, result.value)),
      },
    ];
  });
}

function resultOf({ name }: Contender, runs: readonly Run[]): Result {
  const costNames = Object.keys(runs[0]?.costs ?? {});
  return {
    name,
    value: rounded(median(runs.map(({ value }) => value)), 1),
    rounds: runs.map(({ value }) => rounded(value, 1)),
    costs: Object.fromEntries(
      costNames.map((cost) => {
        const values = runs.flatMap(({ costs }) => costs[cost] ?? []);
        return [cost, values.length > 0 ? rounded(median(values), 1) : undefined];
      }),
    ),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
