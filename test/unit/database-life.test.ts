import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countLost,
  type DatabaseLife,
  type HighWaterMark,
  judgeLife,
  sentUntil,
} from '../../src/domain/database-life.ts';

const server = { identity: 'server.1', timeline: '00000001', run: 'second start' };
const lived: DatabaseLife = {
  ...{ number: 3, beat: 100, isReady: true },
  ...{ identity: server.identity, timeline: server.timeline, run: 'first start' },
};
const marked: HighWaterMark = {
  ...{ life: 3, beat: 100, at: '2026-11-26T10:00:00Z', transaction: '900', event: '50' },
  ...{ identity: server.identity, timeline: server.timeline, accepted: {} },
};
const judge = (
  life: Partial<DatabaseLife> = {},
  mark: Partial<HighWaterMark> | undefined = {},
  now: Partial<typeof server> = {},
) =>
  judgeLife({
    life: { ...lived, ...life },
    mark: mark && { ...marked, ...mark },
    server: { ...server, ...now },
  });
const restored = (restore: string) => ({ kind: 'restored', restore });

describe('a database', () => {
  it('is the same after a start, with a mark as far as itself or a little behind', () => {
    expect(judge()).toEqual({ kind: 'same' });
    expect(judge({}, { beat: 98 })).toEqual({ kind: 'same' });
    expect(judge({ run: server.run }, undefined)).toEqual({ kind: 'same' });
  });

  it('has never been sent from when it was never compared, so nothing need tell', () => {
    const isNew = { run: null, identity: null, timeline: null, beat: 0, number: 1 };
    expect(judgeLife({ life: { ...lived, ...isNew }, mark: undefined, server })).toEqual({
      kind: 'same',
    });
    // As of a backup from before there were marks.
    expect(judge(isNew)).toEqual(restored('behind'));
  });

  it('went back when its mark is ahead, however little, and whatever else', () => {
    expect(judge({}, { beat: 101 })).toEqual(restored('behind'));
    expect(judge({ run: server.run }, { beat: 101 })).toEqual(restored('behind'));
    expect(judge({ beat: 500 }, { life: 4, beat: 0 })).toEqual(restored('behind'));
    expect(judge({}, { beat: 101 }, { identity: 'server.2' })).toEqual(restored('behind'));
  });

  it('was moved, or a standby was promoted, when it says that it was elsewhere', () => {
    expect(judge({}, {}, { identity: 'server.2' })).toEqual(restored('moved'));
    expect(
      judgeLife({ life: lived, mark: undefined, server: { ...server, identity: 'x' } }),
    ).toEqual(restored('moved'));
    expect(judge({}, {}, { timeline: '00000002' })).toEqual(restored('promoted'));
  });

  it('tells nothing without a mark, or with one that was left behind', () => {
    expect(judgeLife({ life: lived, mark: undefined, server })).toEqual({ kind: 'untold' });
    expect(judge({}, { beat: 10 })).toEqual({ kind: 'untold' });
    expect(judge({ number: 4, beat: 1 })).toEqual({ kind: 'untold' });
  });

  it('is dealt with to the end before anything else is asked', () => {
    expect(judge({ isReady: false }, { life: 9 })).toEqual({ kind: 'unfinished' });
  });
});

describe('what a restore lost', () => {
  it('is what was marked less what is there, of each organisation that has any', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.uuid(), fc.nat(50)),
        fc.dictionary(fc.uuid(), fc.nat(50)),
        (common, more) => {
          const marks = { ...more, ...common };
          const lost = countLost({ marked: marks, present: common });
          expect(Object.fromEntries(lost.map((one) => [one.organisationId, one.count]))).toEqual(
            Object.fromEntries(
              Object.entries(more).filter(([id, count]) => count > 0 && !(id in common)),
            ),
          );
        },
      ),
    );
  });
});

describe('what may have been sent before another database took the place', () => {
  const at = (time: string) => Temporal.Instant.from(`2026-11-26T${time}Z`);
  const until = (
    mark: Partial<HighWaterMark> | undefined,
    begunAt = '10:00:20',
    now = '10:00:20',
  ) =>
    sentUntil({ mark: mark && { ...marked, ...mark }, begunAt: at(begunAt), now: at(now) })
      .toString()
      .slice(11, 19);
  const localAt = '2026-11-26T10:00:00Z';

  it('ends a few seconds from now, though the clock of the new one is behind', () => {
    expect(until({ localAt })).toBe('10:00:25');
    expect(until({ localAt }, '09:58:00')).toBe('10:00:25');
    expect(until({ localAt }, '10:07:00')).toBe('10:07:00');
    expect(until(undefined)).toBe('10:00:20');
  });

  it('ends as much later where the clock of the old one was ahead of ours', () => {
    expect(until({ localAt: '2026-11-26T09:59:00Z' })).toBe('10:01:25');
  });

  it('reaches to the next mark where ours says nothing, or was set back', () => {
    expect(until({})).toBe('10:02:00');
    expect(until({ localAt: '2026-11-26T10:03:00Z' })).toBe('10:02:00');
  });
});
