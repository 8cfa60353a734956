import assert from 'node:assert/strict';
import type { Beside, Figure } from './figures.ts';
import { aimOf, verdictOf, written } from './tables.ts';

const between = /(<!-- bench:start -->\n)[\s\S]*?(<!-- bench:end -->)/;

/** All figures as a table in Markdown, each next to its limits and peers, and what is to be reached. */
export function markdownOf(figures: readonly Figure[]): string {
  return [
    '| Figure | Sotto | Next to | Ratio | To reach |',
    '| --- | ---: | --- | ---: | --- |',
    ...figures.map(rowOf),
    '',
    verdictOf(figures),
  ].join('\n');
}

function rowOf(figure: Figure): string {
  const { name, unit, value, limit, moreLimits = [], peers } = figure;
  const limits = [...(limit ? [limit] : []), ...moreLimits];
  const beside = (one: Beside, word = '') => [
    `${word}${one.name}: ${written(one.value)}`,
    `${one.ratio.toFixed(2)} x`,
    aimOn(figure, one.name),
  ];
  const ofItself = aimOn(figure, undefined);
  const lines = [
    ...(ofItself === '' ? [] : [['itself', '', ofItself]]),
    ...limits.map((one) => beside(one, 'limit: ')),
    ...peers.map((one) => beside(one)),
  ];
  const cells = [0, 1, 2].map((column) => lines.map((line) => line[column]).join('<br>'));
  return `| \`${name}\` | **${written(value)}** ${unit} | ${cells.join(' | ')} |`;
}

function aimOn({ targets }: Figure, of: string | undefined): string {
  return targets
    .filter((target) => target.of === of)
    .map((target) => `${aimOf(target)}: ${target.isMet ? 'yes' : '**no**'}`)
    .join(', ');
}

/**
 * The page with that table where its marks stand, `<!-- bench:start -->` and `<!-- bench:end -->`.
 *
 * @throws when it has no such marks
 */
export function withFigures(page: string, figures: readonly Figure[]): string {
  assert(between.test(page), 'the page has no <!-- bench:start --> and <!-- bench:end -->');
  return page.replace(between, (_, start, end) => `${start}\n${markdownOf(figures)}\n\n${end}`);
}
