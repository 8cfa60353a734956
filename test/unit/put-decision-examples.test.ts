import { describe, expect, it } from 'vitest';
import { decidePut } from '../../src/domain/put-decision.ts';
import type { StoredAppointment, WantedAppointment } from '../../src/domain/put-facts.ts';
import type { ReminderState } from '../../src/domain/reminder.ts';
import { linksOf, mayOweASend } from '../support/put-expectations.ts';
import { afterwards, plannedReminder } from '../support/put-scenarios.ts';

describe('for example', () => {
  const now = Temporal.Instant.from('2026-12-01T10:00:00Z');
  const start = Temporal.Instant.from('2026-12-03T09:30:00Z');
  const moved = start.add({ hours: 1 });
  const want = (change: Partial<WantedAppointment> = {}): WantedAppointment => {
    const startsAt = change.startsAt ?? start;
    return {
      revision: undefined,
      status: 'booked',
      notice: 'if_told',
      startsAt,
      endsAt: startsAt.add({ minutes: 20 }),
      reminders: [plannedReminder({ before: 'P1D', channel: 'sms' }, startsAt, now)],
      linkChannels: ['sms'],
      now,
      isQuiet: () => false,
      noticeAt: () => now,
      ...change,
    };
  };
  const put = (stored: StoredAppointment | undefined, change: Partial<WantedAppointment> = {}) => {
    const wanted = want(change);
    return afterwards({ stored, wanted }, decidePut(stored, wanted));
  };
  const turn = (stored: StoredAppointment, kind: string, state: ReminderState) => ({
    ...stored,
    reminders: stored.reminders.map((one) =>
      one.kind === kind && mayOweASend(one) ? { ...one, state } : one,
    ),
  });
  const tell = ({ reminders }: StoredAppointment) =>
    reminders.map(({ kind, channel, state, pendingEnd }) =>
      [kind, channel, state, ...(pendingEnd ? [`then ${pendingEnd}`] : [])].join(' '),
    );
  const toldAndMoved = put(turn(put(undefined), 'planned', 'sent'), { startsAt: moved });

  it('a move after the reminder went out plans the new one and a notice', () => {
    expect(tell(toldAndMoved)).toEqual([
      'planned sms sent',
      'planned sms scheduled',
      'notice sms scheduled',
    ]);
  });

  describe('put again with another time zone or other quiet hours', () => {
    const planned = plannedReminder({ before: 'P1D', channel: 'sms' }, start, now);
    const other = planned.sendAt.add({ hours: 5 });
    const isQuiet = (instant: Temporal.Instant) => instant.equals(planned.sendAt);
    const moved = { isQuiet, reminders: [{ ...planned, plannedAt: other, sendAt: other }] };
    const times = ({ reminders }: StoredAppointment) =>
      reminders.map(({ state, sendAt }) => `${state} ${sendAt}`);

    it('what nobody has tried comes when it may, and not in the night', () => {
      const again = put(put(undefined), moved);
      expect(times(again)).toEqual([`superseded ${planned.sendAt}`, `scheduled ${other}`]);
      expect(times(put(again, moved))).toEqual(times(again));
    });

    it.each(['queued', 'sending', 'sent', 'delivered', 'uncertain'] as const)(
      'what is %s is not sent again',
      (state) => {
        expect(times(put(turn(put(undefined), 'planned', state), moved))).toEqual([
          `${state} ${planned.sendAt}`,
        ]);
      },
    );

    it('what was tried, or may have gone out, keeps its time', () => {
      const stored = put(undefined);
      const tried = stored.reminders.map((one) => ({
        ...one,
        links: one.links.map((link) => ({ ...link, attempted: true })),
      }));
      const inDoubt = stored.reminders.map((one) => ({ ...one, possiblySent: true }));
      for (const reminders of [tried, inDoubt]) {
        expect(times(put({ ...stored, reminders }, moved))).toEqual(times(stored));
      }
    });

    it('what was skipped for a night that is none is planned', () => {
      const skipped = put(undefined, { reminders: [{ ...planned, skipped: 'quiet_hours' }] });
      expect(times(put(skipped))).toEqual([
        `skipped ${planned.sendAt}`,
        `scheduled ${planned.sendAt}`,
      ]);
      const late = put(undefined, { reminders: [{ ...planned, skipped: 'booked_late' }] });
      expect(times(put(late))).toEqual(times(late));
    });

    it('what would come after the start, or before a deadline that is none, has its own', () => {
      const later = start.add({ hours: 1 });
      const again = put(put(undefined), {
        startsAt: later,
        reminders: [{ ...planned, notAfter: later }],
      });
      expect(again.reminders.map(({ state, notAfter }) => `${state} ${notAfter}`)).toEqual([
        `superseded ${start}`,
        `scheduled ${later}`,
      ]);
    });
  });

  it('booked again for the time that was cancelled is no move, and for another time is one', () => {
    const cancelled = put(turn(put(undefined), 'planned', 'sent'), { status: 'cancelled' });
    expect(put(cancelled).moved).toBe(false);
    expect(put(cancelled, { startsAt: moved }).moved).toBe(true);
    const movedThenCancelled = put(toldAndMoved, { startsAt: moved, status: 'cancelled' });
    expect(put(movedThenCancelled, { startsAt: moved }).moved).toBe(true);
  });

  it('a second move finds the notice still waiting, and adds none', () => {
    expect(tell(put(toldAndMoved, { startsAt: moved.add({ hours: 1 }) }))).toEqual([
      'planned sms sent',
      'planned sms superseded',
      'notice sms scheduled',
      'planned sms scheduled',
    ]);
  });

  it('a second move while the notice is in doubt sends one notice, not two', () => {
    const doubtful = turn(toldAndMoved, 'notice', 'uncertain');
    expect(tell(put(doubtful, { startsAt: moved.add({ hours: 1 }) }))).toEqual([
      'planned sms sent',
      'planned sms superseded',
      'notice sms superseded',
      'planned sms scheduled',
      'notice sms scheduled',
    ]);
  });

  it('a cancellation sent twice does not cut off the notice that is in the air', () => {
    const cancelled = put(toldAndMoved, { startsAt: moved, status: 'cancelled' });
    expect(tell(cancelled)).toEqual([
      'planned sms sent',
      'planned sms cancelled',
      'notice sms cancelled',
      'notice sms scheduled',
    ]);
    const inTheAir = turn(cancelled, 'notice', 'sending');
    expect(tell(put(inTheAir, { startsAt: moved, status: 'cancelled' }))).toEqual(tell(inTheAir));
  });

  it('a notice whose channel is gone goes by the one that is left', () => {
    const byEmail = put(toldAndMoved, { startsAt: moved, linkChannels: ['email'], reminders: [] });
    expect(tell(byEmail)).toEqual([
      'planned sms sent',
      'planned sms superseded',
      'notice sms superseded',
      'notice email scheduled',
    ]);
  });

  it('cancelled while it is in the air, sent all the same and booked again: nothing is to end', () => {
    const inTheAir = turn(put(undefined), 'planned', 'sending');
    const cancelled = put(inTheAir, { status: 'cancelled', notice: 'none' });
    expect(tell(cancelled)).toEqual(['planned sms sending then cancelled']);
    // Else nothing could follow it by the other channel, should it not arrive.
    const again = put(turn(cancelled, 'planned', 'sent'), { notice: 'none' });
    expect(tell(again)).toEqual(['planned sms sent']);
  });

  it('a cancellation beyond a ceiling tells nobody, says so, and leaves the link that is out to tell', () => {
    const sent = put(turn(put(undefined), 'planned', 'sent'));
    const [link] = linksOf(sent);
    if (!link) throw new Error('no link');
    const out = { ...link, attempted: true };
    const reminders = sent.reminders.map((one) => ({ ...one, links: [out] }));
    const wanted = want({ status: 'cancelled', notice: 'now', isOverCeiling: true });
    const decision = decidePut({ ...sent, reminders }, wanted);
    expect(decision).toMatchObject({
      newReminders: [{ kind: 'notice', skipped: 'quota_exceeded' }],
      ...{ revokedLinkIds: [], shownLinks: [out], resealed: [], locksCleared: false },
    });
  });

  it('a lost text is answered with `now`: a new link, and the old one opens nothing', () => {
    const sent = put(undefined);
    const lost: StoredAppointment = {
      ...turn(sent, 'planned', 'delivered'),
      reminders: turn(sent, 'planned', 'delivered').reminders.map((one) => ({
        ...one,
        links: one.links.map((link) => ({ ...link, attempted: true })),
      })),
    };
    const again = put(lost, { notice: 'now' });
    expect(tell(again)).toEqual(['planned sms delivered', 'notice sms scheduled']);
    expect(linksOf(again).map(({ revoked, current }) => ({ revoked, current }))).toEqual([
      { revoked: true, current: true },
      { revoked: false, current: true },
    ]);
  });
});
