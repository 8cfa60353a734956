import type { ChaosResult, Outcome } from './run-chaos.ts';

/** What is alike, in the order of the rows. */
const kinds: Record<string, readonly string[]> = {
  Nothing: ['calm'],
  'A worker killed at the five points around a send': ['worker-kill'],
  'A worker frozen past its lease, or told to end': ['worker-stop', 'worker-end'],
  'Schedulers two at once, killed, frozen; the API killed': [
    ...['schedulers', 'api-kill', 'nobody-feeds'],
  ],
  'The PostgreSQL postmaster killed': ['postgres-kill'],
  'PostgreSQL cut off, silent, full; the answer to a COMMIT lost': [
    ...['postgres-cut', 'postgres-silent', 'commit-unknown', 'database-full'],
  ],
  'The queue gone, Redis killed, emptied, full, half open, failed over; bells replayed and forged':
    [
      ...['queue-away', 'redis-down', 'redis-emptied', 'redis-full', 'redis-half-open'],
      ...['redis-failover', 'bells'],
    ],
  'Providers: 429, 5xx, silence after taking, cuts at each verb; receipts lost, doubled, forged, late':
    ['provider-faults', 'mail-cuts', 'callbacks'],
  'Clocks ten minutes off, changes of clocks; an older version beside': [
    ...['clock-skew', 'clock-change', 'versions'],
  ],
  'Two to four of these at once': ['storm'],
};

const columns: readonly [heading: string, of: (outcomes: readonly Outcome[]) => string][] = [
  ['Times', (all) => sum(all, ({ rounds }) => rounds)],
  ['Accepted', (all) => sum(all, ({ accepted }) => accepted)],
  ['With a peer', (all) => sum(all, ({ delivered }) => delivered)],
  ['Lost', (all) => sum(all, ({ lost }) => lost)],
  ['Doubled unflagged', (all) => sum(all, ({ unflaggedDuplicates }) => unflaggedDuplicates)],
  [
    'In doubt / settled',
    (all) =>
      `${sum(all, ({ uncertainMade }) => uncertainMade)} / ${sum(all, ({ uncertainSettled }) => uncertainSettled)}`,
  ],
];

/** The figures by kind of fault, both queues together, in Markdown: what the README shows. */
export function summaryTableOf(results: readonly ChaosResult[]): string {
  const outcomes = results.flatMap((result) => result.outcomes);
  const rows = Object.entries(kinds).flatMap(([kind, names]) => {
    const alike = outcomes.filter(({ scenario }) => names.includes(scenario));
    return alike.length > 0 ? [rowOf(kind, alike)] : [];
  });
  return [
    `| What was done, on both queues | ${columns.map(([heading]) => heading).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(columns.length)}`,
    ...rows,
    rowOf('**All**', outcomes),
  ].join('\n');
}

function rowOf(kind: string, outcomes: readonly Outcome[]): string {
  return `| ${kind} | ${columns.map(([, of]) => of(outcomes)).join(' | ')} |`;
}

function sum(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): string {
  const total = outcomes.reduce((before, outcome) => before + of(outcome), 0);
  return total.toLocaleString('en');
}
