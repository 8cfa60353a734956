import type { ChaosResult, Outcome } from '../chaos/run-chaos.ts';

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const columns: readonly [heading: string, of: (outcome: Outcome) => string | number][] = [
  ['', ({ scenario }) => scenario],
  ['fail-overs', ({ rounds }) => rounds],
  ['accepted', ({ accepted }) => accepted],
  ['handed over', ({ delivered }) => delivered],
  ['lost', ({ lost }) => lost],
  ['doubled unflagged', ({ unflaggedDuplicates }) => unflaggedDuplicates],
  ['flagged', ({ flaggedDuplicates }) => flaggedDuplicates],
  ['in doubt', ({ uncertainMade }) => uncertainMade],
  ['none accepted for', ({ pausesMs }) => seconds(pausesMs.accepting)],
  ['none sent for', ({ pausesMs }) => seconds(pausesMs.sending)],
  ['latest', ({ longestLagMs }) => seconds(longestLagMs)],
];

/** What each world came to, in Markdown, and what was counted in it. */
export function scaleTableOf(results: readonly ChaosResult[]): string {
  const outcomes = results.flatMap((result) => result.outcomes);
  const lines = [
    columns.map(([heading]) => heading),
    columns.map((_, place) => (place === 0 ? '---' : '---:')),
    ...outcomes.map((outcome) => columns.map(([, of]) => String(of(outcome)))),
  ];
  const notes = outcomes.flatMap(({ scenario, rounds, notes: counted }) =>
    Object.entries(counted).map(
      ([what, count]) => `${scenario}: ${Math.round(count / rounds)} ${what}, on average`,
    ),
  );
  return [...lines.map((cells) => `| ${cells.join(' | ')} |`), '', ...notes].join('\n');
}
