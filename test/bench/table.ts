import type { Beside, Figure } from './figures.ts';

/**
 * Figures of one measurement as a table to read: a line each for ours, then for what they are compared
 * with, and how many times as much each of ours does.
 */
export function tableOf(figures: readonly Figure[]): string {
  const [first] = figures;
  if (!first) return '';
  const costs = Object.keys(first.costs);
  const others = [...(first.limit ? [first.limit] : []), ...first.peers];
  const ratios = (other: Beside) =>
    figures.map(({ limit, peers }) => {
      const same = [...(limit ? [limit] : []), ...peers].find(({ name }) => name === other.name);
      return same ? `${same.ratio.toFixed(2)} x` : '';
    });
  const figuresOfLine = ({
    value,
    rounds,
    costs: took,
  }: Pick<Figure, 'value' | 'rounds' | 'costs'>) => [
    ...[value, Math.min(...rounds), Math.max(...rounds)].map(whole),
    ...costs.map((name) => whole(took[name])),
  ];
  const rows = [
    ['', first.unit, 'min', 'max', ...costs, ...figures.map((_, place) => `${letter(place)} is`)],
    ...figures.map((figure, place) => [
      `${letter(place)} ${figure.contender}`,
      ...figuresOfLine(figure),
      ...figures.map(() => ''),
    ]),
    ...others.map((other) => [`  ${other.name}`, ...figuresOfLine(other), ...ratios(other)]),
  ];
  return inColumns(rows);
}

const letter = (place: number) => String.fromCharCode('A'.charCodeAt(0) + place);
const whole = (value: number | undefined) =>
  value === undefined ? '?' : Math.round(value).toLocaleString('en-GB');

function inColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
