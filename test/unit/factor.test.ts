import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  factorsFor,
  judgeTry,
  type SourceLevel,
  sourceDelayMs,
  sourceLevelAt,
} from '../../src/domain/factor.ts';

const limits = { perFactorMax: 10, perSourceMax: 5 };

describe('factors', () => {
  it('offer a code only behind a link by email, and never on the channel that carried the link', () => {
    const recipient = { pin: '482913', phone: '+33639980001', birthDate: '1980-02-14' };
    expect(factorsFor(recipient, 'sms')).toEqual(['pin', 'birth_date']);
    expect(factorsFor(recipient, 'email')).toEqual(['pin', 'code', 'birth_date']);
    expect(factorsFor({ phone: '+33639980001' }, 'sms')).toEqual([]);
    expect(factorsFor({}, 'email')).toEqual([]);
  });
});

describe('a try that has been counted', () => {
  const tally = { factorCount: 1, locked: false, sourceCount: 1, sourcePaused: false };

  it('is admitted up to and with the limits', () => {
    expect(judgeTry({ ...tally, factorCount: 10, sourceCount: 5 }, limits)).toBe('admitted');
  });

  it('is refused beyond them, the lock before the pause', () => {
    expect(judgeTry({ ...tally, factorCount: 11 }, limits)).toBe('locked');
    expect(judgeTry({ ...tally, locked: true, sourcePaused: true }, limits)).toBe('locked');
    expect(judgeTry({ ...tally, sourceCount: 6 }, limits)).toBe('paused');
    expect(judgeTry({ ...tally, sourcePaused: true }, limits)).toBe('paused');
  });

  it('is never one of more than ten that were admitted and wrong, in whatever order tries overlap', () => {
    // Each number names a source; a try begins when its number is drawn, and ends when drawn again.
    const schedule = fc.array(fc.nat({ max: 39 }), { minLength: 1, maxLength: 400 });
    const rightOnes = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(schedule, rightOnes, (order, isRight) => {
        let count = 0;
        let locked = false;
        let admittedWrong = 0;
        const inTheAir = new Map<number, 'admitted' | 'locked' | 'paused'>();
        for (const one of order) {
          const verdict = inTheAir.get(one);
          if (verdict === undefined) {
            if (!locked) count += 1;
            const counted = { ...tally, factorCount: count, locked };
            inTheAir.set(one, judgeTry(counted, limits));
            continue;
          }
          inTheAir.delete(one);
          if (isRight[one] && verdict === 'admitted') {
            if (!locked) count -= 1;
            continue;
          }
          if (verdict === 'admitted') admittedWrong += 1;
          if (count >= limits.perFactorMax) locked = true;
        }
        const stillOpen = [...inTheAir].filter(
          ([one, verdict]) => verdict === 'admitted' && !isRight[one],
        );
        expect(admittedWrong + stillOpen.length).toBeLessThanOrEqual(limits.perFactorMax);
      }),
    );
  });
});

describe('a source', () => {
  const failed = (failures: number): SourceLevel => ({ level: failures, atMs: 0 });

  it('is not slowed by what a waiting room mistypes', () => {
    expect(sourceDelayMs(sourceLevelAt(failed(100), 0))).toBe(0);
    expect(sourceDelayMs(sourceLevelAt(undefined, 0))).toBe(0);
  });

  it('is slowed more the more it fails, never beyond three seconds, and forgiven with time', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), fc.nat({ max: 100_000 }), (one, other) => {
        const [fewer, more] = [Math.min(one, other), Math.max(one, other)];
        const delays = [fewer, more].map((failures) =>
          sourceDelayMs(sourceLevelAt(failed(failures), 0)),
        );
        expect(delays[0]).toBeLessThanOrEqual(delays[1] ?? 0);
        expect(delays[1]).toBeLessThanOrEqual(3_000);
      }),
    );
    expect(sourceDelayMs(sourceLevelAt(failed(200), 0))).toBe(1_000);
    expect(sourceDelayMs(sourceLevelAt(failed(200), 15 * 60_000))).toBe(0);
    expect(sourceLevelAt(failed(50), 15 * 60_000)).toBe(0);
  });
});
