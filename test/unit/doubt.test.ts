import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Doubt,
  type DoubtDecision,
  decideDoubt,
  nextLookInMs,
  pairCopies,
  settleWindowMs,
} from '../../src/domain/doubt.ts';
import { unaccountedDoubts } from '../../src/domain/doubt-books.ts';
import { canTransition } from '../../src/domain/reminder.ts';

const minute = 60_000;
const sights = fc.oneof(
  fc.constant({ kind: 'absent' } as const),
  fc.constant({ kind: 'blind' } as const),
  fc.constant({ kind: 'endless' } as const),
  fc.constant({ kind: 'unanswered' } as const),
  fc.integer({ min: 1, max: 4 }).map((count) => ({ kind: 'textless', count }) as const),
);
const doubts: fc.Arbitrary<Doubt> = fc.record({
  sight: sights,
  policy: fc.constantFrom('resend', 'hold'),
  ageMs: fc.integer({ min: 0, max: 3 * 24 * 60 * minute }),
  windowMs: fc.integer({ min: 75_000, max: 24 * 60 * minute }),
  untilNotAfterMs: fc.integer({ min: -minute, max: 7 * 24 * 60 * minute }),
  leastValidityMs: fc.constant(minute),
  untilSendAtMs: fc.integer({ min: -7 * 24 * 60 * minute, max: 2 * minute }),
  isSecond: fc.boolean(),
  pendingEnd: fc.constantFrom(null, null, 'cancelled', 'superseded', 'erased'),
});
const usual: Doubt = {
  sight: { kind: 'absent' },
  policy: 'resend',
  ageMs: 15 * minute,
  windowMs: 15 * minute,
  untilNotAfterMs: 60 * minute,
  leastValidityMs: minute,
  untilSendAtMs: -15 * minute,
  isSecond: false,
  pendingEnd: null,
};
const whenever = (check: (doubt: Doubt, decision: DoubtDecision) => void) =>
  fc.assert(
    fc.property(doubts, (doubt) => check(doubt, decideDoubt(doubt))),
    { numRuns: 2_000 },
  );
const isResend = (decision: DoubtDecision) =>
  decision.kind === 'step' && decision.step.to === 'scheduled';

describe('a send in doubt', () => {
  it('is sent again only when its window is over, once, in time, and where that is wanted', () => {
    whenever((doubt, decision) => {
      if (!isResend(decision)) return;
      expect(doubt.ageMs).toBeGreaterThanOrEqual(doubt.windowMs);
      expect(doubt.isSecond).toBe(false);
      expect(doubt.policy).toBe('resend');
      expect(doubt.pendingEnd).toBeNull();
      expect(doubt.untilNotAfterMs).toBeGreaterThanOrEqual(doubt.leastValidityMs);
    });
  });

  it('that a restore doubted before its time is not sent before it', () => {
    whenever((doubt, decision) => {
      if (decision.kind !== 'step' || decision.step.to !== 'scheduled') return;
      expect(decision.step.dueInMs).toBe(Math.max(0, doubt.untilSendAtMs));
    });
  });

  it('is never sent again, held or given up because a provider did not answer', () => {
    whenever((doubt, decision) => {
      if (doubt.sight.kind !== 'unanswered' || doubt.pendingEnd) return;
      expect(decision.kind).toBe('wait');
    });
  });

  it('is flagged as possibly sent by whatever step it takes, and as a duplicate when sent again', () => {
    whenever((_, decision) => {
      if (decision.kind !== 'step') return;
      expect(canTransition('uncertain', decision.step.to)).toBe(true);
      expect(decision.step.possiblySent).toBe(true);
      if (isResend(decision)) expect(decision.step.possibleDuplicate).toBe(true);
    });
  });

  it('ends as was asked for meanwhile, whatever was seen', () => {
    whenever(({ pendingEnd }, decision) => {
      if (pendingEnd) expect(decision).toMatchObject({ step: { to: pendingEnd } });
    });
  });

  it('that waits is looked for again, later and not never', () => {
    whenever((_, decision) => {
      if (decision.kind !== 'wait') return;
      expect(decision.nextInMs).toBeGreaterThanOrEqual(1_000);
      expect(decision.nextInMs).toBeLessThanOrEqual(24 * 60 * minute);
    });
  });

  it('is looked for after 1, 5 and 15 minutes of a window of 15', () => {
    const windowMs = 15 * minute;
    const nextAt = (ageMs: number) => ageMs + nextLookInMs({ ageMs, windowMs });
    expect([0, minute, 5 * minute].map(nextAt)).toEqual([minute, 5 * minute, windowMs]);
    expect(nextAt(14.9 * minute)).toBe(windowMs);
  });

  it.each([
    ['nothing is there', { sight: { kind: 'absent' } }, 'scheduled', 'not_found'],
    ['nobody can look', { sight: { kind: 'blind' } }, 'scheduled', 'not_settled'],
    [
      'one message has no text',
      { sight: { kind: 'textless', count: 1 } },
      'scheduled',
      'not_settled',
    ],
    [
      'two messages have no text',
      { sight: { kind: 'textless', count: 2 } },
      'failed',
      'held_uncertain',
    ],
    ['there is too much to read', { sight: { kind: 'endless' } }, 'failed', 'held_uncertain'],
    ['it is the second in doubt', { isSecond: true }, 'failed', 'held_uncertain'],
    ['the organisation holds', { policy: 'hold' }, 'failed', 'held_uncertain'],
  ] as const)('after its window, when %s', (_, change, to, reason) => {
    expect(decideDoubt({ ...usual, ...change })).toMatchObject({ step: { to, reason } });
  });

  it('with no time left waits for its end', () => {
    expect(decideDoubt({ ...usual, untilNotAfterMs: 59_999 })).toMatchObject({ kind: 'wait' });
  });
});

describe('the window', () => {
  it('is never under what a list may lag, nor under lease and timeout', () => {
    const times = { wantedMs: 1_000, lagMs: 0, leaseMs: 60_000, sendTimeoutMs: 15_000 };
    expect(settleWindowMs(times)).toBe(75_000);
    expect(settleWindowMs({ ...times, lagMs: 600_000 })).toBe(600_000);
    expect(settleWindowMs({ ...times, wantedMs: 900_000 })).toBe(900_000);
  });
});

describe('messages that hold the link', () => {
  const attempts = [10, 20, 30].map((startedAtMs) => ({
    attemptId: `${startedAtMs}`,
    startedAtMs,
  }));
  const pairsOf = (createdAt: number[], among = attempts) => {
    const copies = createdAt.map((createdAtMs) => ({ providerId: `${createdAtMs}`, createdAtMs }));
    const { pairs, left } = pairCopies(among, copies);
    return [
      pairs.map(({ attempt, copy }) => `${attempt.attemptId}<${copy.providerId}`),
      left.length,
    ];
  };

  it('go to the newest attempt that was made before them', () => {
    expect(pairsOf([25])).toEqual([['20<25'], 0]);
    expect(pairsOf([12, 35])).toEqual([['30<35', '10<12'], 0]);
    expect(pairsOf([31, 32])).toEqual([['30<32', '20<31'], 0]);
  });

  it('prove that something went out even where clocks differ', () => {
    expect(pairsOf([5])).toEqual([['10<5'], 0]);
  });

  it('that no attempt accounts for are counted', () => {
    expect(pairsOf([11, 12, 13], attempts.slice(0, 1))).toEqual([['10<13'], 2]);
  });

  it('are given to no two attempts, and no attempt two of them', () => {
    const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 6 });
    fc.assert(
      fc.property(times, times, (started, created) => {
        const those = started.map((startedAtMs, at) => ({ attemptId: `${at}`, startedAtMs }));
        const copies = created.map((createdAtMs, at) => ({ providerId: `${at}`, createdAtMs }));
        const { pairs, left } = pairCopies(those, copies);
        expect(new Set(pairs.map(({ attempt }) => attempt)).size).toBe(pairs.length);
        expect(new Set(pairs.map(({ copy }) => copy)).size).toBe(pairs.length);
        expect(pairs.length).toBe(Math.min(those.length, copies.length));
        expect(left.length).toBe(copies.length - pairs.length);
      }),
    );
  });
});

describe('the life of a reminder whose every send may come into doubt', () => {
  /** One hand-off after the other, each taken or not, each seen late or never, until it is settled. */
  const lives = fc.record({
    taken: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    answers: fc.infiniteStream(fc.boolean()),
    lagMs: fc.integer({ min: 0, max: 20 * minute }),
    policy: fc.constantFrom('resend', 'hold'),
    windowMs: fc.constantFrom(75_000, 10 * minute, 15 * minute),
    timeMs: fc.integer({ min: 2 * minute, max: 120 * minute }),
  });

  it('hands over at most one more, flagged, and accounts for each doubt', () => {
    fc.assert(
      fc.property(lives, (life) => {
        const { taken, answers, lagMs, policy, windowMs, timeMs } = life;
        const books = { made: 1, sent: 0, resent: 0, held: 0, answered: 0, ended: 0, open: 0 };
        const sentAt = [0];
        let now = 0;
        let doubtedAt = 0;
        for (let look = 0; ; look += 1) {
          expect(look).toBeLessThan(2_000);
          if (now >= timeMs) {
            books.ended += 1;
            break;
          }
          const isSeen = sentAt.some((at, place) => taken[place] && at <= now - lagMs);
          const answered = answers.next().value as boolean;
          if (answered && isSeen) {
            books.sent += 1;
            break;
          }
          const decision = decideDoubt({
            sight: { kind: answered ? 'absent' : 'unanswered' },
            ...{ policy, windowMs, leastValidityMs: minute, pendingEnd: null },
            ...{ ageMs: now - doubtedAt, untilNotAfterMs: timeMs - now, untilSendAtMs: -now },
            isSecond: sentAt.length > 1,
          });
          if (decision.kind === 'wait') {
            now += decision.nextInMs;
          } else if (isResend(decision)) {
            books.resent += 1;
            books.made += 1;
            sentAt.push(now);
            doubtedAt = now;
          } else {
            books.held += 1;
            break;
          }
        }
        expect(sentAt.length).toBeLessThanOrEqual(policy === 'hold' ? 1 : 2);
        // Where the list is quicker than the window, what was taken is never handed over again.
        if (lagMs <= windowMs && taken[0]) expect(books.resent).toBe(0);
        expect(unaccountedDoubts(books)).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
