import { describe, expect, it } from 'vitest';
import {
  canTransition,
  finalStates,
  owedStates,
  type ReminderState,
  reminderStates,
  toldStates,
} from '../../src/domain/reminder.ts';

/**
 * The life of a reminder, row by row, written down apart from the code: a step that only one of the
 * two knows is a mistake in one of them.
 */
const steps: readonly [from: ReminderState, to: ReminderState, why: string][] = [
  ['scheduled', 'queued', 'due'],
  ['scheduled', 'cancelled', 'cancelled before it was due'],
  ['scheduled', 'superseded', 'replaced by a new version'],
  ['scheduled', 'expired', 'not in time'],
  ['scheduled', 'failed', 'held: the booking system did not answer'],
  ['scheduled', 'sent', 'late proof of an older attempt'],
  ['scheduled', 'delivered', 'late proof of an older attempt'],
  ['scheduled', 'uncertain', 'after a restore'],

  ['queued', 'sending', 'intent is written'],
  ['queued', 'scheduled', 'the lease passed, or the row was released'],
  ['queued', 'cancelled', 'cancelled in the queue'],
  ['queued', 'superseded', 'replaced in the queue'],
  ['queued', 'expired', 'not in time'],
  ['queued', 'suppressed', 'the contact opted out'],
  ['queued', 'failed', 'cannot be opened, or the leak guard refused it'],
  ['queued', 'sent', 'late proof of an older attempt'],
  ['queued', 'delivered', 'late proof of an older attempt'],
  ['queued', 'uncertain', 'after a restore'],

  ['sending', 'sent', 'accepted'],
  ['sending', 'delivered', 'the receipt came before our record'],
  ['sending', 'undelivered', 'the receipt came before our record'],
  ['sending', 'scheduled', 'a definite transient refusal'],
  ['sending', 'failed', 'a definite refusal for good'],
  ['sending', 'suppressed', 'the provider says opted out'],
  ['sending', 'uncertain', 'the outcome is unknown'],
  ['sending', 'cancelled', 'refused, with a cancel pending'],
  ['sending', 'superseded', 'refused, with a move pending'],

  ['uncertain', 'sent', 'settled'],
  ['uncertain', 'delivered', 'settled'],
  ['uncertain', 'undelivered', 'settled'],
  ['uncertain', 'scheduled', 'not found: one flagged attempt'],
  ['uncertain', 'failed', 'held for a person'],
  ['uncertain', 'cancelled', 'flagged possiblySent'],
  ['uncertain', 'superseded', 'flagged possiblySent'],
  ['uncertain', 'expired', 'flagged possiblySent'],

  ['sent', 'delivered', 'receipt'],
  ['sent', 'undelivered', 'receipt'],
  ['sent', 'scheduled', 'the other channel'],

  ['undelivered', 'delivered', 'a contradicting receipt'],
  ['undelivered', 'scheduled', 'the other channel'],

  ['failed', 'scheduled', 'redrive'],
  ['failed', 'expired', 'not in time'],
  ['failed', 'cancelled', 'cancelled while held'],
  ['failed', 'superseded', 'replaced while held'],
  ['failed', 'sent', 'late proof'],
  ['failed', 'delivered', 'late proof'],
  ['failed', 'undelivered', 'late proof'],

  ['scheduled', 'erased', 'erasure'],
  ['queued', 'erased', 'erasure'],
  ['sending', 'erased', 'erasure'],
  ['uncertain', 'erased', 'erasure'],
  ['sent', 'erased', 'erasure'],
  ['delivered', 'erased', 'erasure'],
  ['undelivered', 'erased', 'erasure'],
  ['failed', 'erased', 'erasure'],
  ['skipped', 'erased', 'erasure'],
  ['cancelled', 'erased', 'erasure'],
  ['superseded', 'erased', 'erasure'],
  ['expired', 'erased', 'erasure'],
  ['suppressed', 'erased', 'erasure'],
];

const every = reminderStates.flatMap((from) => reminderStates.map((to) => [from, to] as const));
const known = new Set(steps.map(([from, to]) => `${from} → ${to}`));

describe('the life of a reminder', () => {
  it.each(steps)('goes from %s to %s: %s', (from, to) => {
    expect(canTransition(from, to)).toBe(true);
  });

  it('takes no other step', () => {
    const taken = every
      .filter(([from, to]) => canTransition(from, to))
      .map(([from, to]) => `${from} → ${to}`);
    expect(taken.filter((step) => !known.has(step))).toEqual([]);
    expect(taken).toHaveLength(steps.length);
  });

  it('names each of its 14 states once', () => {
    expect(reminderStates).toHaveLength(14);
    expect(new Set(reminderStates).size).toBe(14);
    expect(new Set(steps.map(([from]) => from))).toEqual(
      new Set(reminderStates.filter((state) => state !== 'erased')),
    );
  });

  it('never stays where it is', () => {
    for (const state of reminderStates) expect(canTransition(state, state)).toBe(false);
  });

  it('never enters `skipped` later than at acceptance', () => {
    for (const state of reminderStates) expect(canTransition(state, 'skipped')).toBe(false);
  });

  it('leaves a final state only to be erased', () => {
    expect(new Set(finalStates)).toEqual(
      new Set(['skipped', 'cancelled', 'superseded', 'expired', 'suppressed', 'erased']),
    );
    for (const from of finalStates) {
      const next = reminderStates.filter((to) => canTransition(from, to));
      expect(next).toEqual(from === 'erased' ? [] : ['erased']);
    }
  });

  it('can be told from every state that still owes a message', () => {
    expect(new Set(owedStates)).toEqual(new Set(['scheduled', 'queued', 'sending', 'uncertain']));
    for (const from of owedStates) expect(canTransition(from, 'sent')).toBe(true);
  });

  it('keeps owed, told and final apart', () => {
    expect(new Set(toldStates)).toEqual(new Set(['sent', 'delivered', 'undelivered']));
    const all = [...owedStates, ...toldStates, ...finalStates];
    expect(new Set(all).size).toBe(all.length);
    expect(reminderStates.filter((state) => !all.includes(state))).toEqual(['failed']);
  });
});
