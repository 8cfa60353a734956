import type { ChaosResult, Outcome } from './run-chaos.ts';

const columns: readonly [heading: string, of: (outcome: Outcome) => string | number][] = [
  ['scenario', ({ scenario }) => scenario],
  ['queue', ({ backend }) => backend],
  ['rounds', ({ rounds }) => rounds],
  ['s', ({ seconds }) => seconds],
  ['accepted', ({ accepted }) => accepted],
  ['delivered', ({ delivered }) => delivered],
  ['ended', ({ cancelled, ended }) => cancelled + ended],
  ['lost', ({ lost }) => lost],
  ['doubled', ({ unflaggedDuplicates }) => unflaggedDuplicates],
  ['flagged', ({ flaggedDuplicates }) => flaggedDuplicates],
  ['in doubt', ({ uncertainMade }) => uncertainMade],
  ['settled', ({ uncertainSettled }) => uncertainSettled],
  ['"later"', ({ turnedAway }) => turnedAway],
  ['longest lag', ({ longestLagMs }) => `${(longestLagMs / 1_000).toFixed(1)} s`],
  ['alarms', ({ alarmsExpected, alarmsFired }) => alarmsOf(alarmsExpected, alarmsFired)],
  ['faults', ({ faults }) => faults.length],
];

function alarmsOf(expected: readonly string[], fired: readonly string[]): string {
  const met = expected.filter((code) => fired.includes(code)).length;
  return `${met}/${expected.length}`;
}

/** All that was played, one line a scenario, and what the figures support. */
export function tableOf(results: readonly ChaosResult[]): string {
  const outcomes = inOne(results.flatMap((result) => result.outcomes));
  const lines = [
    columns.map(([heading]) => heading),
    ...outcomes.map((outcome) => columns.map(([, of]) => String(of(outcome)))),
  ];
  const widths = columns.map((_, place) =>
    Math.max(...lines.map((line) => line[place]?.length ?? 0)),
  );
  const printed = lines.map((line) =>
    line
      .map((cell, place) =>
        place < 2 ? cell.padEnd(widths[place] ?? 0) : cell.padStart(widths[place] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [...printed, '', ...summaryOf(results)].join('\n');
}

/** What was played in parts, as one. */
function inOne(outcomes: readonly Outcome[]): Outcome[] {
  const parts = Map.groupBy(outcomes, ({ scenario, backend }) => `${backend} ${scenario}`);
  return Array.from(parts.values(), (all) => all.reduce(together));
}

function together(one: Outcome, other: Outcome): Outcome {
  const sums = Object.fromEntries(
    summed.map((name) => [name, one[name] + other[name]]),
  ) as unknown as Pick<Outcome, (typeof summed)[number]>;
  return {
    ...{ ...one, ...sums },
    notes: sumOf(one.notes, other.notes),
    longestLagMs: Math.max(one.longestLagMs, other.longestLagMs),
    alarmsExpected: [...one.alarmsExpected, ...other.alarmsExpected],
    alarmsFired: [...one.alarmsFired, ...other.alarmsFired],
    faults: [...one.faults, ...other.faults],
  };
}

function sumOf(one: Outcome['notes'], other: Outcome['notes']): Outcome['notes'] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    Array.from(names, (name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]),
  );
}

const summed = [
  ...(['rounds', 'seconds', 'accepted', 'delivered', 'cancelled', 'ended', 'lost'] as const),
  ...(['unflaggedDuplicates', 'flaggedDuplicates', 'uncertainMade', 'uncertainSettled'] as const),
  ...(['held', 'turnedAway'] as const),
];

/** What was done how often, a line a scenario that counted it, both queues together. */
export function notesOf(results: readonly ChaosResult[]): string {
  const outcomes = results.flatMap((result) => result.outcomes);
  const byScenario = Map.groupBy(outcomes, ({ scenario }) => scenario);
  return Array.from(byScenario, ([scenario, all]) => {
    const notes = all.map((outcome) => outcome.notes).reduce(sumOf);
    const counts = Object.entries(notes).map(([what, count]) => `${what} ${count}`);
    return counts.length > 0 ? `${scenario}: ${counts.join(', ')}\n` : '';
  }).join('');
}

function summaryOf(results: readonly ChaosResult[]): string[] {
  const outcomes = results.flatMap((result) => result.outcomes);
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const accepted = sum((outcome) => outcome.accepted);
  const delivered = sum((outcome) => outcome.delivered);
  const lost = sum((outcome) => outcome.lost);
  const doubled = sum((outcome) => outcome.unflaggedDuplicates);
  const made = sum((outcome) => outcome.uncertainMade);
  const settled = sum((outcome) => outcome.uncertainSettled);
  const samples = results.reduce((total, result) => total + result.ledgerSamples, 0);
  const faults = faultsOf(results).length;
  return [
    `${accepted} accepted, ${delivered} delivered at the peers, ${lost} lost, ${doubled} doubled unflagged, ` +
      `${made} in doubt and ${settled} of them settled, ${samples} proofs of the ledger, ${faults} faults`,
    `lost: ${boundOf(lost, accepted)}; doubled unflagged: ${boundOf(doubled, delivered)}`,
  ];
}

/** What so many trials support, and no more. */
function boundOf(bad: number, trials: number): string {
  if (bad > 0 || trials === 0) return `${bad} in ${trials}`;
  return `0 in ${trials}, which supports fewer than 1 in ${Math.floor(trials / 3)} at 95 % (rule of three)`;
}

/** Every breach with where it was seen. */
export function faultsOf(results: readonly ChaosResult[]): string[] {
  return results.flatMap(({ backend, seed, outcomes, faults }) => [
    ...outcomes.flatMap(({ scenario, faults: own }) =>
      own.map((fault) => `${backend} ${scenario} (seed ${seed}): ${fault}`),
    ),
    ...faults.map((fault) => `${backend} (seed ${seed}): ${fault}`),
  ]);
}
