import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Channel, channels } from '../../src/domain/channel.ts';
import {
  type Factor,
  type FactorRules,
  factorsFor,
  judgeTry,
  type Provable,
  proofPolicies,
  reachableFactors,
  type SourceLevel,
  sourceDelayMs,
  sourceLevelAt,
  waysToProve,
} from '../../src/domain/factor.ts';
import { tierOf } from '../../src/domain/tiers.ts';

const limits = { perFactorMax: 10, perSourceMax: 5 };

const standard = { proofPolicy: 'standard', portal: 'none' } as const;

describe('factors', () => {
  it('offer a code only behind a link by email, and never on the channel that carried the link', () => {
    const recipient = { pin: '482913', phone: '+33639980001', birthDate: '1980-02-14' };
    expect(factorsFor(recipient, 'sms', standard)).toEqual(['pin', 'birth_date']);
    expect(factorsFor(recipient, 'email', standard)).toEqual(['pin', 'code', 'birth_date']);
    expect(factorsFor({ phone: '+33639980001' }, 'sms', standard)).toEqual([]);
    expect(factorsFor({}, 'email', standard)).toEqual([]);
  });

  it('offer an organisation’s own portal behind a birth date alone, and one that serves all at once', () => {
    const known = { subject: 'a1', birthDate: '1980-02-14' };
    const own = { proofPolicy: 'standard', portal: 'own' } as const;
    const forAll = { proofPolicy: 'standard', portal: 'for_all' } as const;
    const ways = (rules: FactorRules, recipient: Provable, birthDateProved = false) =>
      waysToProve({
        offered: factorsFor(recipient, 'sms', rules),
        ...{ portal: rules.portal, locked: {}, birthDateProved },
      });
    expect(ways(own, known)).toEqual(['birth_date']);
    expect(ways(own, known, true)).toEqual(['portal']);
    expect(ways(own, { subject: 'a1' }, true)).toEqual([]);
    expect(ways(forAll, known)).toEqual(['portal', 'birth_date']);
    expect(ways(forAll, { subject: 'a1' })).toEqual(['portal']);
    expect(ways(forAll, { birthDate: '1980-02-14' })).toEqual(['birth_date']);
    const strict = { ...own, proofPolicy: 'strict' } as const;
    expect(ways(strict, known)).toEqual(['birth_date']);
    expect(ways(strict, known, true)).toEqual(['portal']);
    expect(ways(strict, { birthDate: '1980-02-14', pin: '482913' })).toEqual(['pin']);
    expect(ways({ ...forAll, proofPolicy: 'strict' }, known)).toEqual(['portal']);
  });
});

const offers = fc.record({
  recipient: fc.record(
    {
      phone: fc.constant('+33639980001'),
      email: fc.constant('lea@example.org'),
      pin: fc.constant('482913'),
      birthDate: fc.constant('1980-02-14'),
      subject: fc.constant('a1'),
    },
    { requiredKeys: [] },
  ),
  channel: fc.constantFrom(...channels),
  rules: fc.record({
    proofPolicy: fc.constantFrom(...proofPolicies),
    portal: fc.constantFrom('none', 'own', 'for_all'),
    hasPasskey: fc.boolean(),
  }),
});

/** Every recipient, channel and rule many times over: there are 1,536 of them. */
const everyOffer = (check: (offer: FactorsCase) => void) =>
  fc.assert(fc.property(offers, check), { numRuns: 5_000 });
type FactorsCase = typeof offers extends fc.Arbitrary<infer Case> ? Case : never;

describe('for every recipient, every policy and every link that may go out to one', () => {
  it('a code never takes the way of the link, and opens nothing where it would', () => {
    everyOffer(({ recipient, channel, rules }) => {
      const codeTravelsBy: Channel = 'sms';
      const offered = factorsFor(recipient, channel, rules);
      const isOffered =
        channel !== codeTravelsBy && 'phone' in recipient && rules.proofPolicy === 'standard';
      expect(offered.includes('code')).toBe(isOffered);
      const { proofPolicy } = rules;
      for (const birthDateOpensAll of [false, true]) {
        const tier = tierOf('code', { channel, birthDateOpensAll, proofPolicy });
        if (channel === codeTravelsBy) expect(tier).toBe(0);
      }
    });
  });

  it('no way asks for a phone or a mailbox but a code', () => {
    everyOffer(({ recipient, channel, rules }) => {
      const { phone: _phone, email: _email, ...known } = recipient;
      const offered = factorsFor(recipient, channel, rules);
      const offeredWithout = factorsFor(known, channel, rules);
      expect(offeredWithout).toEqual(offered.filter((factor) => factor !== 'code'));
    });
  });

  it('whatever is offered can be reached, and what tells or rings only after the birth date', () => {
    everyOffer(({ recipient, channel, rules }) => {
      const offered = factorsFor(recipient, channel, rules);
      const { portal } = rules;
      const atOnce = reachableFactors({ offered, portal, birthDateProved: false });
      const later = reachableFactors({ offered, portal, birthDateProved: true });
      expect(new Set([...atOnce, ...later])).toEqual(new Set(offered));
      if ('birthDate' in recipient) expect(atOnce).not.toContain('code');
      if (portal === 'own') expect(atOnce).not.toContain('portal');
      expect(later).not.toContain('birth_date');
    });
  });

  it('the strict policy opens nothing but by PIN, passkey or portal', () => {
    everyOffer(({ recipient, channel, rules }) => {
      if (rules.proofPolicy !== 'strict') return;
      const opening = factorsFor(recipient, channel, rules).filter(
        (factor) => tierOf(factor, { channel, birthDateOpensAll: true, proofPolicy: 'strict' }) > 0,
      );
      for (const factor of opening) expect(['pin', 'passkey', 'portal']).toContain(factor);
      // A birth date is asked for where it leads on to a portal, and nowhere else.
      if (factorsFor(recipient, channel, rules).includes('birth_date')) {
        expect(opening).toContain('portal');
      }
    });
  });

  it('a locked factor is no way, and locks no other', () => {
    const offered: Factor[] = ['pin', 'code', 'birth_date'];
    const ways = (locked: Partial<Record<Factor, string>>, birthDateProved: boolean) =>
      waysToProve({ offered, portal: 'none', locked, birthDateProved });
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
