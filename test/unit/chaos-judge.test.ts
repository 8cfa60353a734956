import { expect, it } from 'vitest';
import type { Booking, Bookings } from '../chaos/stage/bookings.ts';
import { judge } from '../chaos/stage/judge.ts';
import type { Stage } from '../chaos/stage/stage.ts';

const phone = '+33639980001';
const booking: Booking = {
  ...{ reference: 'a', channel: 'sms', contact: phone, dueAtMs: 1_000, id: 'id-a', version: 1 },
  ...{ tries: 1, acceptedAtMs: undefined, cancelledAtMs: undefined },
};
const stored = {
  ...{ reference: 'a', appointment_id: 'id-a', version: 1, state: 'sent' },
  ...{ reason: null as string | null, possible_duplicate: false },
};
const noDoubts = { made: 0, left: 0, held: 0, open: 0 };

/** What is found when one appointment was booked and went out at second 2, with these changes. */
function judged(change: {
  booking?: Partial<Booking>;
  rows?: readonly Partial<typeof stored>[];
  arrivedAtMs?: readonly number[];
  doubts?: Partial<typeof noDoubts>;
}) {
  const { rows = [{}], arrivedAtMs = [2_000], doubts = {} } = change;
  const stage = {
    phones: { accepted: arrivedAtMs.map((acceptedAtMs) => ({ to: phone, acceptedAtMs })) },
    mail: { taken: [] },
    rows: async (query: string) =>
      query.includes('from events')
        ? [{ ...noDoubts, ...doubts }]
        : rows.map((row) => ({ ...stored, ...row })),
  } as unknown as Stage;
  const all = [{ ...booking, ...change.booking }];
  const bookings = { all, wrongAnswers: [] } as unknown as Bookings;
  return judge({ stage, bookings, tenant: { organisationId: 'o', apiKey: '' } });
}

it('finds nothing where each went out once, or ended with a reason', async () => {
  expect(await judged({})).toMatchObject({ delivered: 1, longestLagMs: 1_000, faults: [] });
  const held = { rows: [{ state: 'failed', reason: 'held_uncertain' }], arrivedAtMs: [] };
  expect(await judged(held)).toMatchObject({ ended: 1, lost: 0, faults: [] });
  const flagged = { rows: [{ possible_duplicate: true }], arrivedAtMs: [2_000, 9_000] };
  expect(await judged(flagged)).toMatchObject({ flaggedDuplicates: 1, faults: [] });
});

it('counts as lost what nobody got of what was answered 2xx, stored or not', async () => {
  expect(await judged({ arrivedAtMs: [] })).toMatchObject({ accepted: 1, delivered: 0, lost: 1 });
  expect(await judged({ rows: [], arrivedAtMs: [] })).toMatchObject({ accepted: 1, lost: 1 });
  const refused = { booking: { id: undefined }, rows: [], arrivedAtMs: [] };
  expect(await judged(refused)).toMatchObject({ accepted: 0, lost: 0 });
});

it.each([
  ['told as sent, and with no peer', { arrivedAtMs: [] }, 'a is sent and is with no peer'],
  ['forgotten', { rows: [{ state: 'queued' }], arrivedAtMs: [] }, 'a is queued and is owed'],
  ['ended without a reason', { rows: [{ state: 'failed' }], arrivedAtMs: [] }, 'a is failed'],
  ['arrived twice', { arrivedAtMs: [2_000, 3_000] }, 'a arrived 2 times, unflagged'],
  ['sent after its end', { booking: { cancelledAtMs: 900 } }, 'a was sent 1100 ms after its end'],
  ['answered and not stored', { rows: [] }, 'a was answered 2xx and is not stored'],
  ['accepted twice', { rows: [{}, {}] }, 'a has 2 reminders'],
  ['another id', { rows: [{ appointment_id: 'b' }] }, 'a was answered with another id'],
  ['two versions', { rows: [{ version: 2 }] }, 'version 1 answered in 1, 2 stored'],
  ['nobody’s', { rows: [{}, { reference: 'b' }] }, 'b is stored and nobody booked it'],
  ['in doubt', { doubts: { made: 2, left: 1, open: 1 } }, '1 doubts are not settled'],
  ['out of the books', { doubts: { made: 2, left: 1 } }, '2 doubts made, 1 settled, 0 open'],
])('tells of a reminder that is %s', async (_, change, words) => {
  const { faults } = await judged(change);
  expect(faults.join('\n')).toContain(words);
});
