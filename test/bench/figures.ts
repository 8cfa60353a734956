import type { FigureOf, Measurement, Target } from './measurement.ts';
import { median, type Runs, valuesOf } from './run-rounds.ts';

/** What a contender came to over all rounds: the median, and its value in each of them. */
interface Result {
  readonly name: string;
  readonly value: number;
  readonly rounds: readonly number[];
}

/** One of the others, and how many times its value ours is. */
export interface Beside extends Result {
  readonly ratio: number;
}

export type Judged = Target & { readonly isMet: boolean };

/** One figure of ours in the JSON. */
export interface Figure extends Result {
  readonly contender: string;
  readonly unit: string;
  readonly count: number;
  readonly limit?: Beside;
  readonly moreLimits?: readonly Beside[];
  readonly peers: readonly Beside[];
  readonly targets: readonly Judged[];
}

/** The figures of one measurement, each next to all that ran in the same rounds. */
export function figuresOf(
  { figures }: Pick<Measurement, 'figures'>,
  count: number,
  allRuns: readonly Runs[],
): Figure[] {
  return figures.flatMap((figure) => figureOf(figure, { count, allRuns }) ?? []);
}

/** @returns undefined where this machine cannot tell, or nobody was asked */
function figureOf(
  figure: FigureOf,
  { count, allRuns }: { count: number; allRuns: readonly Runs[] },
): Figure | undefined {
  const {
    name,
    contender,
    measure,
    unit = measure,
    limits = [],
    peers = [],
    targets = [],
  } = figure;
  const ours = resultOf(contender, measure, allRuns);
  if (!ours) return undefined;
  const beside = (others: readonly string[]): Beside[] =>
    others.flatMap((other) => {
      const result = resultOf(other, measure, allRuns);
      return result ? [{ ...result, ratio: rounded(ours.value / result.value) }] : [];
    });
  const [limit, ...moreLimits] = beside(limits);
  return {
    ...{ name, contender, unit, count, value: ours.value, rounds: ours.rounds },
    ...(limit && { limit }),
    ...(moreLimits.length > 0 && { moreLimits }),
    peers: beside(peers),
    targets: targets.flatMap((target) => {
      const value = target.of === undefined ? ours.value : beside([target.of])[0]?.ratio;
      return value === undefined ? [] : [{ ...target, isMet: isMet(target, value) }];
    }),
  };
}

function resultOf(name: string, measure: string, allRuns: readonly Runs[]): Result | undefined {
  const runs = allRuns.find(({ contender }) => contender === name);
  const values = runs ? valuesOf(runs, measure) : [];
  return values.length === 0
    ? undefined
    : { name, value: rounded(median(values)), rounds: values.map(rounded) };
}

function isMet(target: Target, value: number): boolean {
  return 'least' in target ? value >= target.least : value <= target.atMost;
}

/** To what is worth reading: three digits, and all before the point. */
function rounded(value: number): number {
  return Number(
    value.toFixed(Math.min(4, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1))))),
  );
}
