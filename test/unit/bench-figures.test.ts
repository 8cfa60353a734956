import { describe, expect, it } from 'vitest';
import { figuresOf } from '../bench/figures.ts';
import type { Ground } from '../bench/ground.ts';
import type { Measurement } from '../bench/measurement.ts';
import { median, runRounds } from '../bench/run-rounds.ts';
import { tableOf } from '../bench/table.ts';

const ran: string[] = [];
/** Gives these values, one a run. */
function contender(name: string, values: readonly number[]) {
  const left = [...values];
  return {
    name,
    figure: `${name}.figure`,
    run: async () => {
      ran.push(name);
      return {
        value: left.shift() ?? Number.NaN,
        costs: { 'node us': 100, 'redis us': undefined },
      };
    },
  };
}

describe('figures of a benchmark', () => {
  it('are medians of rounds in which all take turns, each next to its limit and its peers', async () => {
    const measurement: Measurement = {
      ...{ name: 'thing', unit: 'things/s', about: [], counts: { full: 10, quick: 1 } },
      ours: [contender('ours', [300, 100, 200])],
      peers: [contender('peer', [50, 100, 40])],
      limit: contender('limit', [400, 500, 400]),
    };
    const input = { count: 10, rounds: 3, tell: () => {} };
    const runs = await runRounds({} as Ground, measurement, input);
    expect(ran).toEqual(
      ['ours limit peer', 'limit peer ours', 'peer ours limit'].flatMap((round) =>
        round.split(' '),
      ),
    );
    const figures = figuresOf(measurement, 10, runs);
    const costs = { 'node us': 100, 'redis us': undefined };
    expect(figures).toEqual([
      {
        ...{ name: 'ours.figure', contender: 'ours', unit: 'things/s', count: 10, costs },
        ...{ value: 200, rounds: [300, 100, 200] },
        limit: { name: 'limit', value: 400, rounds: [400, 500, 400], costs, ratio: 0.5 },
        peers: [{ name: 'peer', value: 50, rounds: [50, 100, 40], costs, ratio: 4 }],
      },
    ]);
    expect(tableOf(figures).split('\n')).toEqual([
      '         things/s  min  max  node us  redis us    A is',
      'A ours        200  100  300      100         ?',
      '  limit       400  400  500      100         ?  0.50 x',
      '  peer         50   40  100      100         ?  4.00 x',
    ]);
  });

  it('lie in the middle, or between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
  });
});
