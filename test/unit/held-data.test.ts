import { describe, expect, it } from 'vitest';
import { describeHeldData, type StoredReminder } from '../../src/domain/held-data.ts';
import { reminderStates } from '../../src/domain/reminder.ts';
import { seededRequest } from '../support/seed-appointment.ts';

const [planned, bySms, byEmail] = [
  '2026-11-25T09:00Z',
  '2026-11-26T09:00Z',
  '2026-11-27T09:00Z',
].map((at) => new Date(at)) as [Date, Date, Date];
const plain: StoredReminder = {
  ...{ channel: 'sms', sendAt: planned, state: 'scheduled', sentAt: null },
  ...{ possiblySent: false, attempts: [] },
};
const attempt = { channel: 'sms', startedAt: bySms, outcome: 'accepted' } as const;

function told(
  reminder: Partial<StoredReminder>,
  {
    request = seededRequest,
    state = 'booked',
  }: Partial<Pick<Parameters<typeof describeHeldData>[0], 'request' | 'state'>> = {},
) {
  const { reminders, ...held } = describeHeldData({
    ...{ request, state, passkeys: [], stoppedSince: undefined, keptUntil: byEmail },
    reminders: [{ ...plain, ...reminder }],
  });
  const lines = reminders.map(({ channel, at, state: became }) => {
    return `${channel} ${at.toString().slice(0, 10)} ${became}`;
  });
  return { lines, state: held.state };
}

describe('what a recipient is told of their messages', () => {
  it('is "not sent" of none that went out, or may have', () => {
    expect(told({ state: 'undelivered', attempts: [attempt] }).lines).toEqual([
      'sms 2026-11-26 sent',
    ]);
    const ended = reminderStates.filter((state) => told({ state }).lines[0]?.endsWith('not_sent'));
    expect(ended).toContain('failed');
    for (const state of ended) {
      const inDoubt = { ...attempt, outcome: 'uncertain' } as const;
      expect(told({ state, possiblySent: true, attempts: [inDoubt] }).lines).toEqual([
        'sms 2026-11-26 unknown',
      ]);
      // Late proof: it was on its way when the reminder ended.
      expect(told({ state, possiblySent: true, attempts: [attempt] }).lines).toEqual([
        'sms 2026-11-26 sent',
      ]);
    }
    expect(told({ state: 'uncertain' }).lines).toEqual(['sms 2026-11-25 unknown']);
  });

  it('is each message of one that went on by the other channel', () => {
    const fallback = { channel: 'email', sentAt: bySms } as const;
    expect(told({ ...fallback, attempts: [attempt] }).lines).toEqual([
      'sms 2026-11-26 sent',
      'email 2026-11-25 planned',
    ]);
    const byEmailToo = { ...attempt, channel: 'email', startedAt: byEmail } as const;
    expect(told({ ...fallback, state: 'sent', attempts: [attempt, byEmailToo] }).lines).toEqual([
      'sms 2026-11-26 sent',
      'email 2026-11-27 sent',
    ]);
    for (const [outcome, became] of [
      ['refused', 'not_sent'],
      ['uncertain', 'unknown'],
      [null, 'unknown'],
    ] as const) {
      const lines = told({ channel: 'email', attempts: [{ ...attempt, outcome }] }).lines;
      expect(lines[0]).toBe(`sms 2026-11-26 ${became}`);
    }
  });

  it('is that the appointment is cancelled, whichever way we were told', () => {
    expect(told({}).state).toBe('booked');
    expect(told({}, { state: 'cancelled' }).state).toBe('cancelled');
    const request = { ...seededRequest, status: 'cancelled' } as const;
    expect(told({}, { request }).state).toBe('cancelled');
  });
});
