import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channels } from '../../src/domain/channel.ts';
import { hasGrownMuch } from '../../src/domain/preview.ts';
import { decideRedrive } from '../../src/domain/redrive.ts';
import { canTransition, reminderStates } from '../../src/domain/reminder.ts';
import { helpCodeIn, newHelpCode } from '../../src/keys/help-code.ts';

const facts = fc.record({
  state: fc.constantFrom(...reminderStates),
  channel: fc.constantFrom(...channels),
  untilNotAfterMs: fc.integer({ min: -100_000, max: 200_000 }),
  sealedChannels: fc.subarray([...channels]),
  mayHaveArrived: fc.boolean(),
});
const leastValidityMs = 60_000;

describe('a redrive', () => {
  it('is of what failed, can be opened and can be in time, and of nothing else', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const decision = decideRedrive(given, { leastValidityMs });
        const able =
          given.state === 'failed' &&
          given.untilNotAfterMs >= leastValidityMs &&
          given.sealedChannels.length > 0;
        expect(decision.kind).toBe(able ? 'go' : 'refused');
        if (decision.kind !== 'go') return;
        expect(canTransition(given.state, 'scheduled')).toBe(true);
        expect(given.sealedChannels).toContain(decision.channel);
        expect(decision.possibleDuplicate).toBe(given.mayHaveArrived);
        if (given.sealedChannels.includes(given.channel)) {
          expect(decision.channel).toBe(given.channel);
        }
      }),
    );
  });
});

describe('a preview', () => {
  it('binds whoever pressed to about what they saw', () => {
    expect(hasGrownMuch({ shown: 0, now: 10 })).toBe(false);
    expect(hasGrownMuch({ shown: 0, now: 11 })).toBe(true);
    expect(hasGrownMuch({ shown: 1_000, now: 1_100 })).toBe(false);
    expect(hasGrownMuch({ shown: 1_000, now: 1_101 })).toBe(true);
    expect(hasGrownMuch({ shown: 1_000, now: 0 })).toBe(false);
  });
});

describe('a help code', () => {
  it('is found again however it was heard and typed', () => {
    for (let count = 0; count < 50; count += 1) {
      const code = newHelpCode();
      const spaced = ` ${code.slice(0, 3).toLowerCase()} ${code.slice(3)}`;
      expect(helpCodeIn(spaced)).toBe(code);
      expect(helpCodeIn(Array.from(code).join('-'))).toBe(code);
    }
    for (const other of ['', 'HJ7K3', 'HJ7K3MM', 'HJ7K3O', 'HJ7K3É', '💙HJ7K3']) {
      expect(helpCodeIn(other)).toBeUndefined();
    }
  });
});
