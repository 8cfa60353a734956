import { describe, expect, it } from 'vitest';
import {
  always,
  ids,
  is,
  isNewCancellation,
  isWaitingNotice,
  linksOf,
  mayOweASend,
  unchanged,
  whenReplacing,
} from '../support/put-expectations.ts';
import { afterwards, channels } from '../support/put-scenarios.ts';

describe('a link', () => {
  it('that nobody has seen is dropped, in any state', () => {
    always(({ stored }, { droppedLinkIds }) => {
      const unseen = linksOf(stored).filter(({ attempted }) => !attempted);
      expect([...droppedLinkIds].sort()).toEqual(ids(unseen).sort());
    });
  });

  it('that went out shows the new version exactly once, unless revoked or expired', () => {
    always(({ stored, wanted }, { shownLinks }) => {
      const usable = linksOf(stored).filter(
        ({ attempted, revoked, expiresAt }) =>
          attempted &&
          !revoked &&
          wanted.notice !== 'now' &&
          Temporal.Instant.compare(expiresAt, wanted.now) > 0,
      );
      expect(ids(shownLinks).sort()).toEqual(ids(usable).sort());
    });
  });

  it('that went out is revoked by `now` and by nothing else', () => {
    always(({ stored, wanted }, { revokedLinkIds }) => {
      const older = linksOf(stored).filter(({ attempted, revoked }) => attempted && !revoked);
      expect([...revokedLinkIds].sort()).toEqual(wanted.notice === 'now' ? ids(older).sort() : []);
    });
  });

  it('is made on every usable channel for every kept reminder that may still owe a send', () => {
    always((one, decision) => {
      const after = afterwards(one, decision);
      for (const reminder of after.reminders.filter(mayOweASend)) {
        if (reminder.pendingEnd !== null) continue;
        const unseen = reminder.links.filter(
          ({ current, attempted, revoked }) => current && !attempted && !revoked,
        );
        expect(unseen.map(({ channel }) => channel).sort()).toEqual(
          [...one.wanted.linkChannels].sort(),
        );
      }
    });
  });

  it('is made for nobody whose reminder has ended, or ends on its way back', () => {
    whenReplacing((stored, wanted, decision) => {
      const after = afterwards({ stored, wanted }, decision);
      const over = is('cancelled', 'superseded', 'expired', 'suppressed', 'skipped', 'erased');
      const fresh = after.reminders
        .filter((reminder) => over(reminder) || reminder.pendingEnd !== null)
        .flatMap(({ links }) => links);
      expect(fresh.filter(({ attempted }) => !attempted)).toEqual([]);
    });
  });

  it('of a new cancellation is made for its notice alone', () => {
    whenReplacing((stored, wanted, decision) => {
      if (isNewCancellation(stored, wanted)) expect(decision.resealed).toEqual([]);
    });
  });

  it('for the other channel stays with a reminder that went out and no notice follows, sealed anew', () => {
    whenReplacing((stored, wanted, decision) => {
      if (afterwards({ stored, wanted }, decision).reminders.some(isWaitingNotice)) return;
      for (const reminder of unchanged(stored, wanted).filter(is('sent', 'undelivered'))) {
        const unseen = reminder.links.filter(({ current, attempted }) => current && !attempted);
        const expected = unseen
          .map(({ channel }) => channel)
          .filter((channel) => wanted.linkChannels.includes(channel));
        const sealed = decision.resealed.filter((one) => one.reminder.id === reminder.id);
        expect(sealed.map(({ channel }) => channel).sort()).toEqual(expected.sort());
      }
    });
  });

  it('is never one of two that the next attempt could use', () => {
    always((one, decision) => {
      for (const { links } of afterwards(one, decision).reminders) {
        for (const channel of channels) {
          const current = links.filter((link) => link.current && link.channel === channel);
          expect(current.length).toBeLessThanOrEqual(1);
        }
      }
    });
  });
});
