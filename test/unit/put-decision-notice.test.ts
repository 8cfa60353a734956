import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidePut } from '../../src/domain/put-decision.ts';
import type {
  StoredAppointment,
  StoredReminder,
  WantedAppointment,
} from '../../src/domain/put-facts.ts';
import {
  always,
  ids,
  isNewCancellation,
  isNotice,
  isStranded,
  isWaiting,
  isWaitingNotice,
  mayHaveGoneOut,
  mayOweASend,
  timesOrStatusChanged,
  whenReplacing,
} from '../support/put-expectations.ts';
import { advance, afterwards, history } from '../support/put-scenarios.ts';

describe('a notice', () => {
  const noticeSurvives = (stored: StoredAppointment | undefined, wanted: WantedAppointment) =>
    stored?.reminders
      .filter(isNotice)
      .filter(isWaiting)
      .find(
        ({ channel }) =>
          wanted.notice !== 'none' &&
          !isNewCancellation(stored, wanted) &&
          wanted.linkChannels.includes(channel),
      );

  it('is owed once at most, whatever happens to reminders between one PUT and the next', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let stored: StoredAppointment | undefined;
        for (const { wanted, advances } of steps) {
          stored = afterwards({ stored, wanted }, decidePut(stored, wanted));
          for (const pick of advances) stored = advance(stored, pick);
          const owed = stored.reminders.filter(isNotice).filter(mayOweASend);
          expect(owed.filter(({ pendingEnd }) => pendingEnd === null).length).toBeLessThan(2);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('not handed off yet survives in its row, and none is added beside it', () => {
    whenReplacing((stored, wanted, decision) => {
      const surviving = noticeSurvives(stored, wanted);
      if (!surviving) return;
      expect(ids(decision.ended)).not.toContain(surviving.id);
      expect(decision.newReminders.filter(isNotice)).toEqual([]);
    });
  });

  it('of a cancellation outlives the same cancellation sent twice', () => {
    whenReplacing((stored, wanted, decision) => {
      if (stored.state !== 'cancelled' || wanted.status !== 'cancelled') return;
      if (wanted.notice !== 'if_told' || timesOrStatusChanged(stored, wanted)) return;
      if (isStranded(stored, wanted)) return;
      const after = afterwards({ stored, wanted }, decision);
      for (const { id, state, pendingEnd, channel } of stored.reminders.filter(isNotice)) {
        if (pendingEnd !== null || !wanted.linkChannels.includes(channel)) continue;
        const one = after.reminders.find((reminder) => reminder.id === id);
        expect(one).toMatchObject({ state, pendingEnd: null });
      }
    });
  });

  it('is planned if_told when times or status changed after a reminder had gone out', () => {
    whenReplacing((stored, wanted, decision) => {
      if (wanted.notice !== 'if_told' || noticeSurvives(stored, wanted)) return;
      const outdated =
        timesOrStatusChanged(stored, wanted) && stored.reminders.some(mayHaveGoneOut);
      const owed = outdated || (isStranded(stored, wanted) && !isNewCancellation(stored, wanted));
      const possible = wanted.linkChannels.length > 0;
      expect(decision.newReminders.filter(isNotice)).toHaveLength(owed && possible ? 1 : 0);
    });
  });

  it('is planned none with `none`, and what may still owe one ends', () => {
    always((one, decision) => {
      if (one.wanted.notice !== 'none') return;
      expect(decision.newReminders.filter(isNotice)).toEqual([]);
      const after = afterwards(one, decision).reminders.filter(isNotice);
      expect(after.filter(mayOweASend).filter(({ pendingEnd }) => pendingEnd === null)).toEqual([]);
    });
  });

  it('stands exactly once after `now`, and every lock is open', () => {
    always((one, decision) => {
      const { stored, wanted } = one;
      expect(decision.locksCleared).toBe(wanted.notice === 'now');
      if (wanted.notice !== 'now' || wanted.linkChannels.length === 0) return;
      const inTime = wanted.noticeAt(deadline(stored, wanted)) !== undefined;
      if (!inTime && !noticeSurvives(stored, wanted)) return;
      const after = afterwards(one, decision).reminders.filter(isNotice);
      expect(after.filter(isWaiting)).toHaveLength(1);
    });
  });

  it('goes by the channel of the last one gone out if usable, else by another that is', () => {
    always(({ stored, wanted }, decision) => {
      const goneAt = ({ sentAt, sendAt }: StoredReminder) => (sentAt ?? sendAt).epochMilliseconds;
      const gone = (stored?.reminders ?? []).filter(mayHaveGoneOut);
      const lastAt = Math.max(...gone.map(goneAt));
      const last = gone.filter((one) => goneAt(one) === lastAt).map(({ channel }) => channel);
      for (const { channel, requestedChannel } of decision.newReminders.filter(isNotice)) {
        expect(wanted.linkChannels).toContain(channel);
        expect(requestedChannel).toBe(channel);
        const usable = last.filter((one) => wanted.linkChannels.includes(one));
        if (usable.length > 0) expect(usable).toContain(channel);
        else expect(channel).toBe(wanted.linkChannels[0]);
      }
    });
  });

  it('leaves no way for what had gone out before to follow it by the other channel', () => {
    whenReplacing((stored, wanted, decision) => {
      const isNew = decision.newReminders.filter(isNotice).some(({ skipped }) => !skipped);
      if (!afterwards({ stored, wanted }, decision).reminders.some(isWaitingNotice)) return;
      const older = stored.reminders.filter(
        ({ kind, state }) =>
          (state === 'sent' || state === 'undelivered') && (isNew || kind === 'planned'),
      );
      const unseen = older.flatMap(({ links }) => links).filter(({ attempted }) => !attempted);
      expect(decision.droppedLinkIds).toEqual(expect.arrayContaining(ids(unseen)));
      const sealedAnew = ids(decision.resealed.map(({ reminder }) => reminder));
      for (const id of ids(older)) expect(sealedAnew).not.toContain(id);
    });
  });

  it('goes at the next allowed minute before the earlier start ahead, or is told as skipped', () => {
    always(({ stored, wanted }, decision) => {
      for (const notice of decision.newReminders.filter(isNotice)) {
        const notAfter = deadline(stored, wanted);
        expect(`${notice.notAfter}`).toBe(`${notAfter}`);
        const allowed = wanted.noticeAt(notAfter);
        expect(`${notice.sendAt}`).toBe(`${allowed ?? wanted.now}`);
        expect(notice.skipped).toBe(allowed ? undefined : 'quiet_hours');
      }
    });
  });

  function deadline(stored: StoredAppointment | undefined, { startsAt, now }: WantedAppointment) {
    const ahead = [startsAt, ...(stored ? [stored.startsAt] : [])].filter(
      (start) => Temporal.Instant.compare(start, now) > 0,
    );
    return ahead.toSorted(Temporal.Instant.compare)[0] ?? startsAt;
  }
});
