import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countMissing, silentDuties, silentMaxS } from '../../src/domain/duty-silence.ts';
import {
  judgeSending,
  lateAfterS,
  type SendingFacts,
  type SendingVerdict,
} from '../../src/domain/sending-verdict.ts';

const lane = (change: Partial<SendingFacts['lanes'][number]> = {}) => ({
  ...{ channel: 'sms', paused: false, heldUp: false, allGivenBack: false, oldestDueS: 0 },
  ...change,
});
const facts = (change: Partial<SendingFacts> = {}): SendingFacts =>
  ({
    ...{ workers: 2, feederSilent: false, lanes: [lane(), lane({ channel: 'email' })] },
    ...change,
  }) as SendingFacts;

const anyFacts: fc.Arbitrary<SendingFacts> = fc
  .record({
    workers: fc.nat(3),
    feederSilent: fc.boolean(),
    both: fc.tuple(anyLane('sms'), anyLane('email')),
  })
  .map(({ both, ...others }) => ({ ...others, lanes: both }));

function anyLane(channel: 'sms' | 'email'): fc.Arbitrary<SendingFacts['lanes'][number]> {
  return fc.record({
    channel: fc.constant(channel),
    paused: fc.boolean(),
    heldUp: fc.boolean(),
    allGivenBack: fc.boolean(),
    oldestDueS: fc.nat(4 * lateAfterS),
  });
}

const rank: Record<SendingVerdict['state'], number> = { fine: 0, late: 1, stopped: 2 };

describe('the verdict on sending', () => {
  it.each<[string, Partial<SendingFacts>, Partial<SendingVerdict>]>([
    ['all is well', {}, { state: 'fine', cause: undefined, channels: [] }],
    ['nobody sends', { workers: 0 }, { state: 'stopped', cause: 'no_worker' }],
    ['nobody feeds', { feederSilent: true }, { state: 'stopped', cause: 'feeder_silent' }],
    [
      'one provider is down, although nothing is due',
      { lanes: [lane({ heldUp: true }), lane({ channel: 'email' })] } as Partial<SendingFacts>,
      { state: 'stopped', cause: 'provider_down', channels: ['sms'] },
    ],
    [
      'workers give back all that they take',
      { lanes: [lane(), lane({ channel: 'email', allGivenBack: true })] } as Partial<SendingFacts>,
      { state: 'stopped', cause: 'given_back', channels: ['email'] },
    ],
    [
      'one channel is paused and the other late',
      { lanes: [lane({ paused: true }), lane({ channel: 'email', oldestDueS: 999 })] as never },
      { state: 'stopped', cause: 'paused', channels: ['sms'] },
    ],
    [
      'something waits',
      { lanes: [lane(), lane({ channel: 'email', oldestDueS: lateAfterS + 1 })] as never },
      { state: 'late', cause: 'backlog', channels: ['email'], oldestDueS: lateAfterS + 1 },
    ],
    [
      'something was just due',
      { lanes: [lane({ oldestDueS: lateAfterS })] as never },
      { state: 'fine' },
    ],
  ])('when %s', (_, change, verdict) => {
    expect(judgeSending(facts(change))).toMatchObject(verdict);
  });

  it('is fine if and only if nothing is in the way and nothing is late', () => {
    fc.assert(
      fc.property(anyFacts, (some) => {
        const well =
          some.workers > 0 &&
          !some.feederSilent &&
          some.lanes.every(
            ({ paused, heldUp, allGivenBack, oldestDueS }) =>
              !paused && !heldUp && !allGivenBack && oldestDueS <= lateAfterS,
          );
        expect(judgeSending(some).state === 'fine').toBe(well);
      }),
    );
  });

  it('never gets better because something got worse', () => {
    fc.assert(
      fc.property(anyFacts, fc.nat(5), (some, which) => {
        const [first, ...others] = some.lanes;
        if (!first) return;
        const worse = [
          { ...some, workers: 0 },
          { ...some, feederSilent: true },
          { ...some, lanes: [{ ...first, paused: true }, ...others] },
          { ...some, lanes: [{ ...first, heldUp: true }, ...others] },
          { ...some, lanes: [{ ...first, allGivenBack: true }, ...others] },
          { ...some, lanes: [{ ...first, oldestDueS: first.oldestDueS + 500 }, ...others] },
        ][which];
        if (!worse) return;
        const before = rank[judgeSending(some).state];
        expect(rank[judgeSending(worse).state]).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  it('names channels wherever something is wrong', () => {
    fc.assert(
      fc.property(anyFacts, (some) => {
        const { state, channels } = judgeSending(some);
        expect(channels.length > 0).toBe(state !== 'fine');
      }),
    );
  });
});

describe('a silent duty', () => {
  it('is one that was not heard of for too long, or never', () => {
    const names = Object.keys(silentMaxS);
    const all = names.map((name) => ({ name, ageS: 1, liveCount: 1 }));
    expect(silentDuties(all)).toEqual([]);
    expect(silentDuties([])).toHaveLength(names.length);
    const late = all.map((beat) => (beat.name === 'retire' ? { ...beat, ageS: 61 } : beat));
    expect(silentDuties(late)).toEqual([{ duty: 'retire', ageS: 61 }]);
  });
});

describe('a process that is missed', () => {
  const alive = (lifeS: number) => ({ ageS: 3, lifeS });
  const gone = (ageS: number) => ({ ageS, lifeS: 9_000 });

  it('is one that went without a word and without another in its place', () => {
    expect(countMissing([alive(500), alive(500)])).toBe(0);
    expect(countMissing([alive(500), gone(70)])).toBe(1);
    expect(countMissing([alive(60), gone(70)])).toBe(0);
    expect(countMissing([alive(60), gone(70), gone(80)])).toBe(1);
    expect(countMissing([alive(75), alive(60), gone(70), gone(80)])).toBe(0);
    expect(countMissing([])).toBe(0);
  });

  it('is given up after a quarter of an hour: somebody was told', () => {
    expect(countMissing([alive(5_000), gone(901)])).toBe(0);
  });
});
