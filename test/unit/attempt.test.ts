import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttemptWord, receiptStates, reminderAfter } from '../../src/domain/attempt.ts';
import {
  canTransition,
  finalStates,
  type ReminderState,
  reminderStates,
} from '../../src/domain/reminder.ts';

const word: fc.Arbitrary<AttemptWord> = fc.oneof(
  fc.constant({ kind: 'accepted' } as const),
  fc.record({
    kind: fc.constant('refused' as const),
    permanent: fc.boolean(),
    reason: fc.constantFrom('rate_limited', 'opted_out', 'invalid_recipient'),
    retryInMs: fc.option(fc.nat(), { nil: undefined }),
  }),
  fc.constant({ kind: 'uncertain', reason: 'timeout' } as const),
  fc.record({
    kind: fc.constant('receipt' as const),
    state: fc.constantFrom('sent' as const, 'delivered' as const, 'undelivered' as const),
  }),
);
const reminder = fc.record({
  state: fc.constantFrom(...reminderStates),
  pendingEnd: fc.constantFrom(null, 'cancelled' as const, 'superseded' as const, 'erased' as const),
  newest: fc.boolean(),
  possiblySent: fc.boolean(),
  receiptState: fc.constantFrom(null, ...receiptStates),
  otherChannel: fc.constantFrom(undefined, 'sms' as const, 'email' as const),
});

function stepAfter(
  state: ReminderState,
  heard: AttemptWord,
  rest: Partial<Parameters<typeof reminderAfter>[0]> = {},
) {
  return reminderAfter(
    {
      state,
      pendingEnd: null,
      newest: true,
      possiblySent: false,
      receiptState: null,
      otherChannel: undefined,
      ...rest,
    },
    heard,
  );
}
const transient = (retryInMs?: number) =>
  ({ kind: 'refused', permanent: false, reason: 'rate_limited', retryInMs }) as const;
const permanent = { kind: 'refused', permanent: true, reason: 'invalid_recipient' } as const;

describe('what a word about an attempt does to its reminder', () => {
  it('is always a step that the table of transitions holds', () => {
    fc.assert(
      fc.property(reminder, word, (one, heard) => {
        const step = reminderAfter(one, heard);
        if (step && step.to !== one.state) expect(canTransition(one.state, step.to)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never lets proof of a hand-off lead to another send, but of one that did not arrive', () => {
    fc.assert(
      fc.property(reminder, word, (one, heard) => {
        if (heard.kind === 'refused' || heard.kind === 'uncertain') return;
        const step = reminderAfter(one, heard);
        const isOther = step?.to === 'scheduled' && step.channel !== undefined;
        if (isOther) expect(heard).toMatchObject({ kind: 'receipt', state: 'undelivered' });
        else expect(['scheduled', 'failed']).not.toContain(step?.to);
      }),
    );
  });

  it('goes on by the other channel after what certainly did not arrive, at once', () => {
    const other = { otherChannel: 'email' as const };
    for (const state of ['sending', 'uncertain'] as const) {
      expect(stepAfter(state, permanent, other)).toEqual({
        to: 'scheduled',
        channel: 'email',
        dueInMs: 0,
        reason: 'invalid_recipient',
      });
      expect(stepAfter(state, transient(undefined), other)?.channel).toBe('email');
      expect(stepAfter(state, transient(5), other)?.channel).toBeUndefined();
    }
  });

  it('flags what follows a message that was reported lost: it may be a second copy', () => {
    const lost = { kind: 'receipt', state: 'undelivered', reason: 'unreachable' } as const;
    const other = { otherChannel: 'sms' as const };
    for (const state of ['sending', 'uncertain', 'sent', 'undelivered'] as const) {
      expect(stepAfter(state, lost, other)).toEqual({
        to: 'scheduled',
        channel: 'sms',
        dueInMs: 0,
        reason: 'unreachable',
        possibleDuplicate: true,
      });
    }
  });

  it('keeps to the other channel when a weaker word about the lost message comes late', () => {
    fc.assert(
      fc.property(reminder, (one) => {
        const lost = { ...one, receiptState: 'undelivered' as const };
        for (const late of [
          { kind: 'accepted' } as const,
          { kind: 'receipt', state: 'sent' } as const,
        ]) {
          const step = reminderAfter(lost, late);
          expect(step === undefined || step.to === one.state).toBe(true);
        }
      }),
    );
    const known = { receiptState: 'undelivered' as const };
    expect(stepAfter('scheduled', { kind: 'receipt', state: 'delivered' }, known)?.to).toBe(
      'delivered',
    );
  });

  it('writes nowhere else to who said stop', () => {
    const stop = { kind: 'receipt', state: 'undelivered', reason: 'opted_out' } as const;
    expect(stepAfter('sent', stop, { otherChannel: 'email' })).toEqual({
      to: 'undelivered',
      reason: 'opted_out',
    });
    // Its process was taken for dead meanwhile.
    const late = { kind: 'refused', permanent: true, reason: 'opted_out' } as const;
    expect(stepAfter('uncertain', late, { otherChannel: 'email' })).toEqual({
      to: 'failed',
      reason: 'opted_out',
    });
  });

  it('changes the channel of nothing that was ended, opted out of, or overtaken', () => {
    const lost = { kind: 'receipt', state: 'undelivered' } as const;
    fc.assert(
      fc.property(reminder, (one) => {
        const ended = { ...one, pendingEnd: 'cancelled' as const };
        expect(reminderAfter(ended, lost)?.channel).toBeUndefined();
        expect(reminderAfter(ended, permanent)?.channel).toBeUndefined();
        expect(reminderAfter({ ...one, newest: false }, lost)?.channel).toBeUndefined();
        const out = { kind: 'refused', permanent: true, reason: 'opted_out' } as const;
        expect(reminderAfter(one, out)?.channel).toBeUndefined();
      }),
    );
  });

  it('never schedules while nobody knows what became of a send', () => {
    fc.assert(
      fc.property(reminder, (one) => {
        const step = reminderAfter(one, { kind: 'uncertain', reason: 'timeout' });
        expect([undefined, 'uncertain', one.pendingEnd]).toContain(step?.to);
      }),
    );
  });

  it.each(['scheduled', 'queued', 'sending', 'uncertain', 'failed'] as const)(
    'counts a late acceptance in %s as sent, whichever attempt it is of',
    (state) => {
      expect(stepAfter(state, { kind: 'accepted' }, { newest: false })?.to).toBe('sent');
    },
  );

  it('leaves ended reminders ended and says that they may have been seen', () => {
    for (const state of finalStates) {
      expect(stepAfter(state, { kind: 'accepted' })).toEqual({ to: state, possiblySent: true });
      expect(stepAfter(state, { kind: 'receipt', state: 'undelivered' })?.to).toBe(state);
      expect(stepAfter(state, { kind: 'accepted' }, { possiblySent: true })).toBeUndefined();
      expect(stepAfter(state, transient(5))).toBeUndefined();
    }
  });

  it('ignores refusals and doubt about an attempt that is not the newest', () => {
    for (const heard of [
      transient(5),
      permanent,
      { kind: 'uncertain', reason: 'timeout' } as const,
    ]) {
      expect(stepAfter('sending', heard, { newest: false })).toBeUndefined();
    }
  });

  it('tries again after a transient refusal, and fails when there is no time or try left', () => {
    expect(stepAfter('sending', transient(5_000))).toMatchObject({
      to: 'scheduled',
      dueInMs: 5_000,
    });
    expect(stepAfter('uncertain', transient(5_000))).toMatchObject({
      to: 'scheduled',
      dueInMs: 5_000,
    });
    expect(stepAfter('sending', transient())?.to).toBe('failed');
    expect(stepAfter('sending', permanent)?.to).toBe('failed');
  });

  it('carries out an asked-for end in place of another try, a failure or doubt', () => {
    for (const pendingEnd of ['cancelled', 'superseded', 'erased'] as const) {
      expect(stepAfter('sending', transient(5), { pendingEnd })?.to).toBe(pendingEnd);
      expect(stepAfter('sending', permanent, { pendingEnd })).not.toHaveProperty('possiblySent');
      expect(
        stepAfter('sending', { kind: 'uncertain', reason: 'timeout' }, { pendingEnd }),
      ).toEqual({
        to: pendingEnd,
        reason: 'timeout',
        possiblySent: true,
      });
      expect(stepAfter('sending', { kind: 'accepted' }, { pendingEnd })?.to).toBe('sent');
    }
  });

  it('stops for good when the provider says that the contact opted out', () => {
    const optedOut = { kind: 'refused', permanent: true, reason: 'opted_out' } as const;
    expect(stepAfter('sending', optedOut)?.to).toBe('suppressed');
    expect(stepAfter('uncertain', optedOut)).toMatchObject({ to: 'failed', reason: 'opted_out' });
  });

  it('lets delivered correct undelivered, and never the other way', () => {
    expect(stepAfter('undelivered', { kind: 'receipt', state: 'delivered' })?.to).toBe('delivered');
    expect(stepAfter('delivered', { kind: 'receipt', state: 'undelivered' })).toBeUndefined();
    expect(stepAfter('delivered', { kind: 'receipt', state: 'sent' })).toBeUndefined();
    expect(stepAfter('undelivered', { kind: 'receipt', state: 'sent' })).toBeUndefined();
  });

  it('takes a receipt that comes before our own record', () => {
    expect(stepAfter('sending', { kind: 'receipt', state: 'delivered' })?.to).toBe('delivered');
    expect(stepAfter('sending', { kind: 'receipt', state: 'undelivered' })?.to).toBe('undelivered');
  });

  it('does not end a reminder over an older copy that did not arrive', () => {
    const receipt = { kind: 'receipt', state: 'undelivered' } as const;
    expect(stepAfter('sent', receipt, { newest: false })).toBeUndefined();
    expect(stepAfter('scheduled', receipt)).toBeUndefined();
  });
});
