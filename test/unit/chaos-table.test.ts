import { expect, it } from 'vitest';
import type { ChaosResult, Outcome } from '../chaos/run-chaos.ts';
import { scenarios } from '../chaos/scenarios.ts';
import { summaryTableOf } from '../chaos/summary-table.ts';
import { faultsOf, notesOf, tableOf } from '../chaos/table.ts';

const outcome: Outcome = {
  ...{ scenario: 'worker-kill', fault: 'killed', backend: 'redis', rounds: 100, seconds: 60 },
  ...{ accepted: 700, delivered: 690, cancelled: 10, ended: 0, lost: 0, unflaggedDuplicates: 0 },
  ...{ flaggedDuplicates: 1, uncertainMade: 30, uncertainSettled: 30, held: 0, turnedAway: 2 },
  ...{
    pausesMs: { accepting: 0, sending: 0 },
    longestLagMs: 5_000,
    alarmsExpected: [],
    alarmsFired: [],
    faults: [],
    notes: {},
  },
};

const part = (change: Partial<Outcome>): ChaosResult => ({
  ...{ backend: 'redis', seed: 7, faults: [], ledgerSamples: 60 },
  outcomes: [{ ...outcome, ...change }],
});

it('parts of one scenario are one line, and what is bad in one of them stays bad in all', () => {
  const notes = { 'after accept': 20 };
  const parts = [
    part({ notes }),
    part({ notes, lost: 1, longestLagMs: 9_000, faults: ['a is owed'] }),
  ];
  const [, line = ''] = tableOf(parts).split('\n');
  expect(line.split(/ {2,}/)).toEqual(
    'worker-kill,redis,200,120,1400,1380,20,1,0,2,60,60,4,9.0 s,0/0,1'.split(','),
  );
  expect(notesOf(parts)).toBe('worker-kill: after accept 40\n');
  expect(faultsOf(parts)).toEqual(['redis worker-kill (seed 7): a is owed']);
});

it('the summary leaves no scenario out', () => {
  const all = scenarios.map(({ name }) => part({ scenario: name, rounds: 1, accepted: 0 }));
  const rows = summaryTableOf(all)
    .split('\n')
    .slice(2)
    .map((row) => Number(row.split(' | ')[1]));
  const total = rows.pop();
  expect(total).toBe(scenarios.length);
  expect(rows.reduce((sum, rounds) => sum + rounds, 0)).toBe(total);
});
