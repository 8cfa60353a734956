import type { Beside, Figure } from './figures.ts';
import type { Target } from './measurement.ts';
import { median, type Runs, valuesOf } from './run-rounds.ts';

/**
 * One measurement as a table to read: a line each for its contenders, with the medians of all their
 * measures, and the least and the most of the first.
 */
export function tableOf(allRuns: readonly Runs[]): string {
  const measures = [...new Set(allRuns.flatMap(({ runs }) => runs.flatMap(Object.keys)))];
  const [first = '', ...others] = measures;
  const rows = allRuns.map((runs) => {
    const values = valuesOf(runs, first);
    const spread = [median(values), Math.min(...values), Math.max(...values)];
    return [
      runs.contender,
      ...(values.length === 0 ? ['', '', ''] : spread.map(written)),
      ...others.map((measure) => medianOf(runs, measure)),
    ];
  });
  return inColumns([['', first, 'min', 'max', ...others], ...rows]);
}

/**
 * All figures next to their limits and their peers, and whether what is to be reached is reached.
 *
 * @returns the table, with a line below that names what is missed
 */
export function summaryOf(figures: readonly Figure[]): string {
  const rows = figures.flatMap((figure) => {
    const { name, value, unit, limit, moreLimits = [], peers } = figure;
    return [
      [name, written(value), unit, figure.contender, '', ...verdictOn(figure, undefined)],
      ...[...(limit ? [limit] : []), ...moreLimits].map((one) => besideRow(figure, one, 'limit')),
      ...peers.map((one) => besideRow(figure, one, 'beside')),
    ];
  });
  const head = ['figure', 'value', 'unit', '', 'ratio', 'to reach', ''];
  return `${inColumns([head, ...rows], [0, 2, 3, 5])}\n\n${verdictOf(figures)}`;
}

/** Which of the figures with something to reach do not reach it. */
export function verdictOf(figures: readonly Figure[]): string {
  const missed = figures.filter(({ targets }) => targets.some(({ isMet }) => !isMet));
  const aimed = figures.filter(({ targets }) => targets.length > 0);
  return missed.length === 0
    ? `In this run all ${aimed.length} goals were reached.`
    : `In this run ${missed.length} of ${aimed.length} goals were NOT reached: ${missed.map(({ name }) => name).join(', ')}`;
}

function besideRow(figure: Figure, { name, value, ratio }: Beside, word: string): string[] {
  const verdict = verdictOn(figure, name);
  return ['', written(value), '', `${word}: ${name}`, `${ratio.toFixed(2)} x`, ...verdict];
}

function verdictOn({ targets }: Figure, of: string | undefined): [string, string] {
  const judged = targets.filter((target) => target.of === of);
  return [
    judged.map(aimOf).join(', '),
    judged.map(({ isMet }) => (isMet ? 'yes' : 'NO')).join(', '),
  ];
}

export const aimOf = (target: Target): string =>
  'least' in target ? `at least ${target.least}` : `at most ${target.atMost}`;

function medianOf(runs: Runs, measure: string): string {
  const values = valuesOf(runs, measure);
  if (values.length > 0) return written(median(values));
  // One that has no such measure is no gap; one that could not tell is.
  return runs.runs.some((run) => measure in run) ? '?' : '';
}

export function written(value: number): string {
  const digits =
    Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** @param left the columns of words; numbers stand at the right of theirs */
function inColumns(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const align = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return left.includes(column) ? cell.padEnd(width) : cell.padStart(width);
  };
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}
