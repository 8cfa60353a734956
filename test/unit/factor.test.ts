import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Channel, channels } from '../../src/domain/channel.ts';
import {
  type Factor,
  factorsFor,
  judgeTry,
  reachableFactors,
  type SourceLevel,
  sourceDelayMs,
  sourceLevelAt,
  waysToProve,
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

/** Every contact and factor that a recipient may have, behind a link on every channel it can go out on. */
const combinations = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].flatMap((bits) => {
  const recipient = {
    ...(bits & 1 ? { phone: '+33639980001' } : {}),
    ...(bits & 2 ? { email: 'lea@example.org' } : {}),
    ...(bits & 4 ? { pin: '482913' } : {}),
    ...(bits & 8 ? { birthDate: '1980-02-14' } : {}),
  };
  const contact: Record<Channel, boolean> = { sms: (bits & 1) > 0, email: (bits & 2) > 0 };
  return channels.filter((channel) => contact[channel]).map((channel) => ({ recipient, channel }));
});

describe('for every recipient and every link that may go out to one', () => {
  it.each(combinations)('$recipient by $channel: a code never takes the way of the link', (one) => {
    const codeTravelsBy: Channel = 'sms';
    const offered = factorsFor(one.recipient, one.channel);
    if (offered.includes('code')) expect(one.channel).not.toBe(codeTravelsBy);
    expect(offered.includes('code')).toBe(one.channel === 'email' && 'phone' in one.recipient);
  });

  it.each(combinations)('$recipient by $channel: whatever is offered can be reached', (one) => {
    const offered = factorsFor(one.recipient, one.channel);
    const atOnce = reachableFactors({ offered, birthDateProved: false });
    const later = reachableFactors({ offered, birthDateProved: true });
    expect(new Set([...atOnce, ...later])).toEqual(new Set(offered));
    // A code goes out to nobody but who typed the birth date right, where one is known.
    expect(atOnce.includes('code')).toBe(
      offered.includes('code') && !('birthDate' in one.recipient),
    );
    expect(later).not.toContain('birth_date');
  });

  it('a locked factor is no way, and locks no other', () => {
    const offered: Factor[] = ['pin', 'code', 'birth_date'];
    const ways = (locked: Partial<Record<Factor, string>>, birthDateProved: boolean) =>
      waysToProve({ offered, locked, birthDateProved });
    expect(ways({}, false)).toEqual(['pin', 'birth_date']);
    expect(ways({ pin: 'K7P4QX' }, false)).toEqual(['birth_date']);
    expect(ways({ birth_date: 'K7P4QX' }, false)).toEqual(['pin']);
    expect(ways({ birth_date: 'K7P4QX' }, true)).toEqual(['pin', 'code']);
    expect(ways({ pin: 'K7P4QX', code: 'X4P7QK' }, true)).toEqual([]);
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
