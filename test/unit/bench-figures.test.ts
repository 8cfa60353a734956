import { describe, expect, it } from 'vitest';
import { chartOf } from '../bench/chart.ts';
import { figuresOf } from '../bench/figures.ts';
import type { Ground } from '../bench/ground.ts';
import { withFigures } from '../bench/markdown.ts';
import type { Measurement, Run } from '../bench/measurement.ts';
import { measurements } from '../bench/measurements.ts';
import { median, runRounds, withSums } from '../bench/run-rounds.ts';
import { ticksOf } from '../bench/stolen-time.ts';
import { summaryOf, tableOf } from '../bench/tables.ts';

const ran: string[] = [];
/** Gives these values, one a run. */
function contender(name: string, values: readonly number[]) {
  const left = [...values];
  return {
    name,
    run: async (): Promise<Run> => {
      ran.push(name);
      const value = left.shift();
      return { 'things/s': value, 'node us': name === 'limit' ? undefined : 12.34 };
    },
  };
}

const measurement: Measurement = {
  ...{ name: 'thing', about: [], counts: { full: 10, quick: 1 } },
  contenders: [
    contender('ours', [300, 100, 200]),
    contender('limit', [400, 500, 400]),
    contender('peer', [50, 100, 40]),
  ],
  figures: [
    {
      ...{ name: 'thing.fast', contender: 'ours', measure: 'things/s' },
      ...{ limits: ['limit'], peers: ['peer'] },
      targets: [
        { least: 0.8, of: 'limit' },
        { least: 4, of: 'peer' },
      ],
    },
    {
      ...{ name: 'thing.cost', contender: 'ours', measure: 'node us', unit: 'us a thing' },
      ...{ limits: ['limit'], peers: ['peer'], targets: [{ atMost: 20 }] },
    },
  ],
};

describe('figures of a benchmark', () => {
  it('are medians of rounds in which all take turns, each next to its limit and its peers', async () => {
    const input = { count: 10, rounds: 3, tell: () => {} };
    const runs = await runRounds({} as Ground, measurement, input);
    expect(ran).toEqual(
      ['ours limit peer', 'limit peer ours', 'peer ours limit'].flatMap((round) =>
        round.split(' '),
      ),
    );
    const figures = figuresOf(measurement, 10, runs);
    const cost = [12.3, 12.3, 12.3];
    expect(figures).toEqual([
      {
        ...{ name: 'thing.fast', contender: 'ours', unit: 'things/s', count: 10 },
        ...{ value: 200, rounds: [300, 100, 200] },
        limit: { name: 'limit', value: 400, rounds: [400, 500, 400], ratio: 0.5 },
        peers: [{ name: 'peer', value: 50, rounds: [50, 100, 40], ratio: 4 }],
        targets: [
          { least: 0.8, of: 'limit', isMet: false },
          { least: 4, of: 'peer', isMet: true },
        ],
      },
      {
        ...{ name: 'thing.cost', contender: 'ours', unit: 'us a thing', count: 10 },
        ...{ value: 12.3, rounds: cost },
        peers: [{ name: 'peer', value: 12.3, rounds: cost, ratio: 1 }],
        targets: [{ atMost: 20, isMet: true }],
      },
    ]);
    expect(tableOf(runs).split('\n')).toEqual([
      '       things/s  min  max  node us',
      'ours        200  100  300     12.3',
      'limit       400  400  500        ?',
      'peer         50   40  100     12.3',
    ]);
    expect(summaryOf(figures).split('\n')).toEqual([
      'figure      value  unit                       ratio  to reach',
      'thing.fast    200  things/s    ours',
      '              400              limit: limit  0.50 x  at least 0.8   NO',
      '               50              beside: peer  4.00 x  at least 4    yes',
      'thing.cost   12.3  us a thing  ours                  at most 20    yes',
      '             12.3              beside: peer  1.00 x',
      '',
      'In this run 1 of 2 goals were NOT reached: thing.fast',
    ]);
    expect(chartOf(figures)).toContain('>limit: limit</text>');
    const page = 'Before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n';
    expect(withFigures(withFigures(page, figures), figures).split('\n')).toEqual([
      'Before',
      '<!-- bench:start -->',
      '',
      '| Figure | Sotto | Next to | Ratio | To reach |',
      '| --- | ---: | --- | ---: | --- |',
      '| `thing.fast` | **200** things/s | limit: limit: 400<br>peer: 50 | 0.50 x<br>4.00 x | at least 0.8: **no**<br>at least 4: yes |',
      '| `thing.cost` | **12.3** us a thing | itself<br>peer: 12.3 | <br>1.00 x | at most 20: yes<br> |',
      '',
      'In this run 1 of 2 goals were NOT reached: thing.fast',
      '',
      '<!-- bench:end -->',
      'after',
      '',
    ]);
  });

  it('of a sum are those of its parts, round by round', () => {
    const parts = [
      { contender: 'one', runs: [{ us: 1, ms: 5 }, { us: 2 }] },
      { contender: 'other', runs: [{ us: 10 }, { us: undefined }] },
    ];
    const sum = { name: 'both', of: ['one', 'other'], measures: ['us'] };
    expect(withSums(parts, [sum])).toEqual([
      ...parts,
      { contender: 'both', runs: [{ us: 11 }, {}] },
    ]);
  });

  it('come with the share of the processors that other machines took', () => {
    const stat = 'cpu  100 20 30 400 5 0 6 39 7 8\ncpu0 1 2 3 4 5 6 7 8 9 10\n';
    expect(ticksOf(stat)).toEqual({ all: 600, stolen: 39 });
    expect(ticksOf('')).toBeUndefined();
  });

  it('lie in the middle, or between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
  });

  it('name only what runs with them, so that none fails when all has been measured', () => {
    for (const { contenders, figures } of measurements.filter((one) => 'contenders' in one)) {
      const names = contenders.map(({ name }) => name);
      for (const { contender, limits = [], peers = [], targets = [] } of figures) {
        const others = targets.flatMap(({ of }) => of ?? []);
        expect(names).toEqual(expect.arrayContaining([contender, ...limits, ...peers, ...others]));
      }
    }
    const all = measurements.flatMap(({ figures }) => figures.map(({ name }) => name));
    expect(new Set(all).size).toBe(all.length);
  });
});
