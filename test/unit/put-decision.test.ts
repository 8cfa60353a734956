import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideDelete, decidePut, refuseRevision } from '../../src/domain/put-decision.ts';
import { canTransition } from '../../src/domain/reminder.ts';
import {
  always,
  ids,
  is,
  isPlanned,
  isStranded,
  linksOf,
  mayHaveGoneOut,
  mayOweASend,
  runs,
  told,
  unchanged,
  whenReplacing,
} from '../support/put-expectations.ts';
import { afterwards, meaningOf, replacement } from '../support/put-scenarios.ts';

describe('a planned reminder', () => {
  it('keeps its row when channel, before and resolved time are unchanged, in any state', () => {
    always(({ stored, wanted }, decision) => {
      const added = decision.newReminders.filter(isPlanned);
      for (const reminder of unchanged(stored, wanted)) {
        expect(ids(decision.ended)).not.toContain(reminder.id);
        expect(decision.marked.filter(({ end }) => end !== null)).not.toContainEqual(
          expect.objectContaining({ id: reminder.id }),
        );
        expect(added.map((one) => meaningOf(one, one.requestedChannel))).not.toContain(
          meaningOf(reminder, reminder.requestedChannel),
        );
      }
    });
  });

  it('is added when no row means it yet, once, with the time it was planned for', () => {
    always(({ stored, wanted }, decision) => {
      const known = unchanged(stored, wanted).map((one) => meaningOf(one, one.requestedChannel));
      const missing =
        wanted.status === 'cancelled'
          ? []
          : wanted.reminders.filter(
              (planned) => !known.includes(meaningOf(planned, planned.channel)),
            );
      expect(
        decision.newReminders.filter(isPlanned).map((one) => ({
          before: one.before,
          channel: one.requestedChannel,
          sendAt: `${one.sendAt}`,
          notAfter: `${one.notAfter}`,
          skipped: one.skipped,
        })),
      ).toEqual(
        missing.map((planned) => ({
          before: planned.before,
          channel: planned.channel,
          sendAt: `${planned.sendAt}`,
          notAfter: `${planned.notAfter}`,
          skipped: planned.skipped,
        })),
      );
    });
  });

  it('goes first by the channel asked for; auto goes by email where there is one', () => {
    always(({ wanted }, decision) => {
      for (const { requestedChannel, channel } of decision.newReminders.filter(isPlanned)) {
        const auto = wanted.linkChannels.includes('email') ? 'email' : 'sms';
        expect(channel).toBe(requestedChannel === 'auto' ? auto : requestedChannel);
      }
    });
  });

  it('that is gone and owed ends: superseded by a move, cancelled by a cancellation', () => {
    whenReplacing((stored, wanted, decision) => {
      const kept = ids(unchanged(stored, wanted));
      const to = wanted.status === 'cancelled' ? 'cancelled' : 'superseded';
      for (const { id, state, possiblySent } of stored.reminders.filter(isPlanned)) {
        const owed = is('scheduled', 'queued', 'uncertain', 'failed')({ state });
        const flagged = possiblySent || state === 'uncertain';
        expect(decision.ended.filter((one) => one.id === id)).toEqual(
          owed && !kept.includes(id) ? [{ id, from: state, to, possiblySent: flagged }] : [],
        );
      }
    });
  });

  it('that is in the air is marked when it is gone, and unmarked when it is wanted again', () => {
    whenReplacing((stored, wanted, decision) => {
      const kept = ids(unchanged(stored, wanted));
      const end = wanted.status === 'cancelled' ? 'cancelled' : 'superseded';
      const after = afterwards({ stored, wanted }, decision);
      for (const reminder of after.reminders.filter(is('sending')).filter(isPlanned)) {
        expect(reminder.pendingEnd).toBe(kept.includes(reminder.id) ? null : end);
      }
    });
  });
});

describe('what has been told', () => {
  it('never ends: it was sent, and stays so', () => {
    whenReplacing((stored, _, decision) => {
      const gone = ids(stored.reminders.filter((one) => told(one) || one.state === 'sending'));
      expect(ids(decision.ended).filter((id) => gone.includes(id))).toEqual([]);
    });
  });

  it('is changed by steps that the table holds, each reminder once', () => {
    whenReplacing((stored, _, decision) => {
      const touched = [...ids(decision.ended), ...ids(decision.marked)];
      expect(new Set(touched).size).toBe(touched.length);
      for (const { id, from, to } of decision.ended) {
        expect(stored.reminders.find((one) => one.id === id)?.state).toBe(from);
        expect(canTransition(from, to), `${from} to ${to}`).toBe(true);
      }
    });
  });

  it('makes the appointment moved where somebody was told another start', () => {
    whenReplacing((stored, wanted, decision) => {
      const known = stored.reminders.some(mayHaveGoneOut);
      expect(decision.moved).toBe(
        stored.moved || (known && !stored.startsAt.equals(wanted.startsAt)),
      );
    });
  });
});

describe('a cancelled appointment', () => {
  it('owes nothing any more but a notice', () => {
    always((one, decision) => {
      if (one.wanted.status !== 'cancelled') return;
      const after = afterwards(one, decision).reminders.filter(isPlanned).filter(mayOweASend);
      expect(after.filter(({ pendingEnd }) => pendingEnd !== 'cancelled')).toEqual([]);
      expect(after.filter(({ state }) => state !== 'sending')).toEqual([]);
    });
  });
});

describe('a version', () => {
  it('counts up, and holds the revision and the status that were sent', () => {
    always(({ stored, wanted }, decision) => {
      expect(decision.version).toBe((stored?.version ?? 0) + 1);
      expect(decision.revision).toBe(wanted.revision ?? null);
      expect(decision.state).toBe(wanted.status);
    });
  });

  it('put twice changes nothing the second time but the version', () => {
    always((one, decision) => {
      if (one.wanted.notice === 'now') return;
      const once = afterwards(one, decision);
      if (isStranded(once, one.wanted)) return;
      const again = decidePut(once, one.wanted);
      expect(again.newReminders.filter(isPlanned)).toEqual([]);
      expect(again.ended).toEqual([]);
      const twice = afterwards({ stored: once, wanted: one.wanted }, again);
      expect(
        twice.reminders.map(({ id, state, pendingEnd }) => ({ id, state, pendingEnd })),
      ).toEqual(once.reminders.map(({ id, state, pendingEnd }) => ({ id, state, pendingEnd })));
    });
  });
});

describe('a revision', () => {
  it.each([
    { stored: null, wanted: undefined, refusal: undefined },
    { stored: null, wanted: 0, refusal: undefined },
    { stored: 7, wanted: 8, refusal: undefined },
    { stored: 7, wanted: 7, refusal: undefined },
    { stored: 7, wanted: 6, refusal: 'stale_revision' },
    { stored: 0, wanted: undefined, refusal: 'revision_required' },
    { stored: 0, wanted: 0, refusal: undefined },
  ])('$wanted over $stored: $refusal', ({ stored, wanted, refusal }) => {
    expect(refuseRevision(stored, wanted)).toBe(refusal);
  });

  it.each([
    { stored: 7, wanted: 7, refusal: 'stale_revision' },
    { stored: 7, wanted: 6, refusal: 'stale_revision' },
    { stored: 7, wanted: 8, refusal: undefined },
    { stored: 7, wanted: undefined, refusal: 'revision_required' },
    { stored: null, wanted: undefined, refusal: undefined },
  ])('after DELETE, $wanted over $stored: $refusal', ({ stored, wanted, refusal }) => {
    expect(refuseRevision(stored, wanted, { strictlyAbove: true })).toBe(refusal);
  });
});

describe('a DELETE', () => {
  it.each([
    { erase: false, to: 'cancelled' },
    { erase: true, to: 'erased' },
  ])('leaves nothing owed: it ends or, in the air, is marked $to', ({ erase, to }) => {
    fc.assert(
      fc.property(replacement, ({ stored }) => {
        const { ended, marked } = decideDelete(stored, { erase });
        expect(ended).toEqual(
          stored.reminders
            .filter(is('scheduled', 'queued', 'uncertain', 'failed'))
            .map(({ id, state, possiblySent }) => ({
              ...{ id, from: state, to },
              possiblySent: possiblySent || state === 'uncertain',
            })),
        );
        expect(marked).toEqual(
          stored.reminders.filter(is('sending')).map(({ id }) => ({ id, end: to })),
        );
        for (const { from, to: end } of ended) expect(canTransition(from, end)).toBe(true);
      }),
      runs,
    );
  });

  it('leaves links that went out, so that they tell; an erasure leaves none', () => {
    fc.assert(
      fc.property(replacement, ({ stored }) => {
        const unseen = linksOf(stored).filter(({ attempted }) => !attempted);
        expect(decideDelete(stored, { erase: false }).droppedLinkIds).toEqual(ids(unseen));
        expect(decideDelete(stored, { erase: true }).droppedLinkIds).toEqual(ids(linksOf(stored)));
      }),
      runs,
    );
  });
});
