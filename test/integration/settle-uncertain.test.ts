import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import type { Database } from '../../src/store/database.ts';
import { createDeleteAppointment } from '../../src/usecases/delete-appointment.ts';
import type { Alarm } from '../../src/usecases/raise-alarms.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import type { SendBreaker } from '../../src/usecases/send-breaker.ts';
import { settleUncertain, watchDoubts } from '../../src/usecases/settle-uncertain.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { benchWindowMs, createDispatchBench } from '../support/dispatch-bench.ts';
import { balancedBooks, copiesOf, expectFlagged } from '../support/doubts.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, type PeerRead, startMessagesPeer } from '../support/messages-peer.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';
import { unsignedErasures } from '../support/unsigned-erasures.ts';
import { waitFor } from '../support/wait-for.ts';

const minute = 60_000;
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: Database;
let api: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = database.open('ops', 1);
  api = database.open('api', 2);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  peer.forget();
  await database.admin.query('truncate organisations, batches, events cascade');
});

interface Doubtful {
  readonly count?: number;
  readonly policy?: 'resend' | 'hold';
  /** Whether the peer has it, though it never said so. */
  readonly taken?: boolean;
  readonly notAfterInMs?: number;
}

/** Reminders whose hand-off was cut, so that nobody knows what became of them. */
async function inDoubt({ count = 1, policy = 'resend', taken = true, ...rest }: Doubtful = {}) {
  const organisationId = await database.createOrganisation({ uncertain_policy: policy });
  const seeded = await bench.seed({ organisationId, count, ...rest });
  peer.answer = () => (taken ? 'accept_then_reset' : 'error_500');
  await bench.drain({ breaker: breakerThat('all') });
  peer.answer = () => 'accept';
  expect(await bench.states()).toEqual({ uncertain: count });
  return seeded;
}

const breakerThat = (allows: 'all' | 'one' | 'none'): SendBreaker => ({
  allows: () => allows,
  waitMs: () => 1_000,
  run: (send) => send(),
});

async function reminders() {
  return bench.rows(
    `select state, reason_code, possible_duplicate, possibly_sent, attempt_count,
       (select count(*)::int from attempts t where t.reminder_id = r.id
         and t.proven_copy_at is not null) as copies
     from reminders r order by id`,
  );
}
const only = async () => (await reminders())[0];
/** The peer shows a second copy of what it has. */
function takeOnceMore(): void {
  const [mine] = peer.accepted;
  (peer.accepted as unknown[]).push({ ...mine, providerId: `SM${'b'.repeat(32)}` });
}
const attempts = () =>
  bench.rows(
    `select outcome, provider_id, receipt_state, possible_duplicate from attempts
     order by started_at, number`,
  );
/** Looks when looks are due, until the window of 15 minutes is over. */
async function settleThroughWindow(overrides: Parameters<typeof bench.settle>[0] = {}) {
  for (const minutes of [1, 4, 10]) {
    await bench.turnClock(minutes * minute);
    await bench.settle(overrides);
  }
}

describe('a send in doubt that the provider has', () => {
  it('is sent once it is seen there, and nothing is sent again', async () => {
    const seeded = await inDoubt();
    await bench.settle();
    expect(peer.reads.lists, 'not at once: a list lags').toBe(0);
    await bench.turnClock(minute);
    await bench.settle();
    expect(await only()).toMatchObject({ state: 'sent', possible_duplicate: false });
    expect(await attempts()).toMatchObject([
      { outcome: 'accepted', provider_id: peer.accepted[0]?.providerId },
    ]);
    await bench.drain();
    expect(copiesOf(peer, seeded)).toEqual([1]);
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, sent: 1, open: 0 });
  });

  it.each([
    ['delivered', null, { state: 'delivered', reason_code: null }],
    ['sent', null, { state: 'sent' }],
    ['undelivered', 30003, { state: 'undelivered', reason_code: 'unreachable_recipient' }],
    ['failed', 30007, { state: 'undelivered', reason_code: 'blocked_by_carrier' }],
  ])('takes over that it is %s', async (status, errorCode, expected) => {
    await inDoubt();
    Object.assign(peer.accepted[0]?.copy ?? {}, { status, errorCode });
    await bench.turnClock(minute);
    await bench.settle();
    expect(await only()).toMatchObject(expected);
    await balancedBooks(ops);
  });

  it('is found though the list lags by ten minutes, and is not sent again', async () => {
    const seeded = await inDoubt({ count: 5 });
    peer.listLagMs = 10 * minute;
    await settleThroughWindow();
    await bench.drain();
    expect(await bench.states()).toEqual({ sent: 5 });
    expect(copiesOf(peer, seeded)).toEqual([1, 1, 1, 1, 1]);
    expect(await bench.rows('select from reminders where possible_duplicate')).toEqual([]);
  });

  it('is found behind many others to the same number', async () => {
    await inDoubt();
    const [mine] = peer.accepted;
    if (!mine) throw new Error('nothing was taken');
    await bench.turnClock(minute);
    const others = Array.from({ length: 120 }, (_, place) => ({
      ...mine,
      text: 'another',
      providerId: `SM${String(place).padStart(32, 'a')}`,
      copy: { ...mine.copy, body: 'another' },
    }));
    (peer.accepted as unknown[]).push(...others);
    await bench.settle();
    expect(await only()).toMatchObject({ state: 'sent' });
    expect(await attempts()).toMatchObject([{ provider_id: mine.providerId }]);
    expect(peer.reads.lists).toBe(3);
  });

  it('more often than it was handed over is flagged', async () => {
    await inDoubt();
    takeOnceMore();
    await bench.turnClock(minute);
    await bench.settle();
    expect(await only()).toMatchObject({
      ...{ state: 'sent', possible_duplicate: true },
    });
  });

  it('more often than it was handed over is not settled before its incident is open', async () => {
    await inDoubt();
    takeOnceMore();
    await bench.turnClock(minute);
    const onAlarm = () => Promise.reject(new AppError('unavailable'));
    const settling = { ...bench.deps(), onAlarm, settleWindowMs: benchWindowMs };
    await settleUncertain(settling, { channel: 'sms', mode: 'live' });
    expect(await only()).toMatchObject({ state: 'uncertain' });
    await bench.turnClock(5 * minute);
    const alarms: Alarm[] = [];
    await bench.settle({}, alarms);
    expect(alarms).toMatchObject([{ code: 'copies_unexplained', count: 1 }]);
    expect(await only()).toMatchObject({ state: 'sent', possible_duplicate: true });
  });
});

describe('a send in doubt that the provider does not have', () => {
  it('is looked for after 1, 5 and 15 minutes, then sent once more, flagged', async () => {
    const seeded = await inDoubt({ taken: false });
    const looks: number[] = [];
    for (let minutes = 0; minutes <= 16; minutes += 1) {
      await bench.settle();
      if (peer.reads.lists > looks.length) looks.push(minutes);
      if (minutes < 15) expect(copiesOf(peer, seeded)).toEqual([0]);
      await bench.turnClock(minute);
    }
    expect(looks).toEqual([1, 5, 15]);
    expect(await only()).toMatchObject({ state: 'scheduled', possible_duplicate: true });
    await bench.drain();
    expect(copiesOf(peer, seeded)).toEqual([1]);
    expect(await only()).toMatchObject({ state: 'sent', possibly_sent: false, copies: 0 });
    expect(await attempts()).toMatchObject([
      { outcome: 'uncertain', possible_duplicate: false },
      { outcome: 'accepted', possible_duplicate: true },
    ]);
    const told = await bench.rows(
      `select from_state, to_state, reason_code, possible_duplicate, possibly_sent from events
       where reminder_id is not null and to_state in ('scheduled', 'sent') order by id`,
    );
    expect(told).toMatchObject([
      { from_state: 'uncertain', reason_code: 'not_found', possible_duplicate: true },
      { to_state: 'sent', possible_duplicate: true, possibly_sent: false },
    ]);
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, resent: 1, open: 0 });
  });

  it('is held for a person where its organisation wants that, and says that it may have gone out', async () => {
    const seeded = await inDoubt({ taken: false, policy: 'hold' });
    await settleThroughWindow();
    await bench.drain();
    expect(await only()).toMatchObject({
      ...{ state: 'failed', reason_code: 'held_uncertain', possibly_sent: true },
    });
    expect(copiesOf(peer, seeded)).toEqual([0]);
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, held: 1 });
    await bench.turnClock(24 * 60 * minute);
    await bench.expire();
    expect(await only()).toMatchObject({ state: 'expired', possibly_sent: true });
  });

  it('and held is sent after all when proof comes a day late', async () => {
    await inDoubt({ policy: 'hold', notAfterInMs: 48 * 60 * minute });
    peer.listLagMs = 25 * 60 * minute;
    await settleThroughWindow();
    expect(await only()).toMatchObject({ state: 'failed', possibly_sent: true });
    await receipt('delivered');
    expect(await only()).toMatchObject({ state: 'delivered', possibly_sent: false });
    await balancedBooks(ops);
  });

  it('is held when the one that is sent again comes into doubt too', async () => {
    const seeded = await inDoubt({ taken: false });
    await settleThroughWindow();
    peer.answer = () => 'error_500';
    await bench.drain();
    expect(await only()).toMatchObject({ state: 'uncertain', attempt_count: 2 });
    await settleThroughWindow();
    await bench.drain();
    expect(await only()).toMatchObject({ state: 'failed', reason_code: 'held_uncertain' });
    expect(copiesOf(peer, seeded)).toEqual([0]);
    expect(await balancedBooks(ops)).toMatchObject({ made: 2, resent: 1, held: 1 });
  });

  it('ends with its time, flagged, where no time is left to deliver another', async () => {
    await inDoubt({ taken: false, notAfterInMs: 15.5 * minute });
    await settleThroughWindow();
    expect(await only()).toMatchObject({ state: 'uncertain' });
    await bench.turnClock(minute);
    await bench.expire();
    expect(await only()).toMatchObject({ state: 'expired', possibly_sent: true });
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, ended: 1 });
  });

  it('and is cancelled before it went out again is flagged: the first may have', async () => {
    const [one] = await inDoubt({ taken: false });
    await settleThroughWindow();
    await remove(one);
    expect(await only()).toMatchObject({ state: 'cancelled', possibly_sent: true });
    const [told] = await bench.rows(
      `select possibly_sent from events where to_state = 'cancelled'`,
    );
    expect(told).toEqual({ possibly_sent: true });
  });
});

describe('a copy that is proven late', () => {
  it('after another was accepted is counted and told of, once', async () => {
    const seeded = await inDoubt();
    peer.listLagMs = 20 * minute;
    await settleThroughWindow();
    await bench.drain();
    expect(copiesOf(peer, seeded)).toEqual([2]);
    expect(await only()).toMatchObject({ state: 'sent', possible_duplicate: true });
    for (let times = 0; times < 2; times += 1) await receipt('delivered');
    expect(await only()).toMatchObject({ state: 'delivered', copies: 1 });
    expect(
      await bench.rows(
        `select to_state, possible_duplicate from events where reason_code = 'proven_duplicate'`,
      ),
    ).toEqual([{ to_state: 'delivered', possible_duplicate: true }]);
    await expectFlagged(seeded, { peer, bench });
    await balancedBooks(ops);
  });

  it('while another is in the air is counted once that one is accepted', async () => {
    await inDoubt();
    peer.listLagMs = 20 * minute;
    await settleThroughWindow();
    const transport = fakeTransport(async () => {
      await receipt('sent');
      return acceptedOutcome();
    });
    await bench.drain({ transport });
    expect(transport.sends).toHaveLength(1);
    expect(await only()).toMatchObject({ state: 'sent', possible_duplicate: true, copies: 1 });
  });

  it('that is known not to have arrived is none', async () => {
    await inDoubt();
    peer.listLagMs = 20 * minute;
    await settleThroughWindow();
    await bench.drain();
    await receipt('undelivered');
    expect(await only()).toMatchObject({ state: 'sent', copies: 0 });
  });
});

describe('an account that keeps no text', () => {
  it('proves nothing by one message: it is sent once more, flagged', async () => {
    peer.redacts = true;
    const seeded = await inDoubt();
    await settleThroughWindow();
    await bench.drain();
    expect(await only()).toMatchObject({ state: 'sent', possible_duplicate: true });
    await expectFlagged(seeded, { peer, bench });
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, resent: 1 });
  });

  it('that shows two of them leaves it to a person', async () => {
    peer.redacts = true;
    const seeded = await inDoubt();
    const [mine] = peer.accepted;
    (peer.accepted as unknown[]).push({ ...mine, providerId: `SM${'c'.repeat(32)}` });
    await settleThroughWindow();
    await bench.drain();
    expect(await only()).toMatchObject({ state: 'failed', reason_code: 'held_uncertain' });
    expect(copiesOf(peer, seeded)).toEqual([2]);
  });

  it('shows messages of other attempts, which are no candidates', async () => {
    const [one] = await inDoubt({ taken: false });
    await bench.seed({ organisationId: await database.createOrganisation(), count: 1 });
    await bench.drain();
    const [other] = peer.accepted;
    Object.assign(other ?? {}, { to: one?.phone });
    Object.assign(other?.copy ?? {}, { body: '' });
    await settleThroughWindow();
    const [row] = await bench.rows(`select reason_code from reminders where state = 'scheduled'`);
    expect(row).toEqual({ reason_code: 'not_found' });
  });
});

describe('a provider that does not answer', () => {
  it.each(['error_500', 'reset', 'hang'] as const)(
    '(%s) leaves a send in doubt, however long, until it does',
    async (how) => {
      const seeded = await inDoubt();
      peer.list = () => how;
      for (const minutes of [1, 4, 10, 30, 60]) {
        await bench.turnClock(minutes * minute);
        await bench.settle({ timeoutMs: 150 });
      }
      await bench.drain();
      expect(await only()).toMatchObject({ state: 'uncertain' });
      peer.list = () => 'answer';
      await bench.turnClock(30 * minute);
      await bench.settle();
      expect(await only()).toMatchObject({ state: 'sent', possible_duplicate: false });
      expect(copiesOf(peer, seeded)).toEqual([1]);
    },
  );

  it('is not asked for the next at once, and for the same ever more seldom', async () => {
    await inDoubt({ count: 16 });
    peer.list = () => 'error_500';
    await bench.turnClock(minute);
    await bench.settle();
    expect(peer.reads.lists).toBe(8);
    await bench.settle();
    await bench.settle();
    expect(peer.reads.lists).toBe(16);
    await bench.turnClock(14 * 1_000);
    await bench.settle();
    expect(peer.reads.lists).toBe(16);
  });

  it('that the breaker has found down is not asked', async () => {
    await inDoubt({ count: 3 });
    await bench.turnClock(minute);
    await bench.settle({ breaker: breakerThat('none') });
    expect(peer.reads.lists).toBe(0);
    await bench.settle({ breaker: breakerThat('one') });
    expect(peer.reads.lists).toBe(1);
  });

  it('raises the alarm when half of the time left has gone by, once', async () => {
    await inDoubt({ count: 2, notAfterInMs: 4 * 60 * minute });
    const alarms: Alarm[] = [];
    const watch = () =>
      watchDoubts({ database: bench.worker, onAlarm: (alarm) => void alarms.push(alarm) });
    await bench.turnClock(119 * minute);
    await watch();
    expect(alarms).toEqual([]);
    await bench.turnClock(2 * minute);
    await Promise.all([watch(), watch()]);
    await watch();
    expect(alarms.map(({ code }) => code)).toEqual(['uncertain_unsettled']);
    expect(alarms[0]).toMatchObject({ count: 2 });
  });
});

describe('what happens while a send is being looked for', () => {
  /** Does something between the provider's look at its list and its answer. */
  async function settleWhile(work: () => Promise<unknown>): Promise<void> {
    await bench.turnClock(15 * minute);
    peer.list = async (): Promise<PeerRead> => {
      await work();
      return 'answer';
    };
    await bench.settle();
  }

  it.each(['delivered', 'sent', 'undelivered'] as const)(
    'a receipt (%s) settles it, and what was not found counts no more',
    async (status) => {
      await inDoubt();
      peer.listLagMs = 60 * minute;
      await settleWhile(() => receipt(status));
      await bench.drain();
      expect(await only()).toMatchObject({ state: status, possible_duplicate: false });
      expect(await balancedBooks(ops)).toMatchObject({ made: 1, sent: 1 });
    },
  );

  it('a receipt settles it, and a second copy that is found is flagged and told of all the same', async () => {
    await inDoubt();
    takeOnceMore();
    await settleWhile(() => receipt('delivered'));
    expect(await only()).toMatchObject({ state: 'delivered', possible_duplicate: true });
    const told = await bench.rows(
      'select from_state, to_state from events where possible_duplicate',
    );
    expect(told).toEqual([{ from_state: 'delivered', to_state: 'delivered' }]);
  });

  it.each([
    ['cancellation', false, 'cancelled', true],
    ['cancellation', false, 'cancelled', false],
    ['erasure', true, 'erased', true],
    ['erasure', true, 'erased', false],
  ] as const)('a %s (erase: %s) is definite: %s, found: %s', async (_, erase, state, taken) => {
    const [one] = await inDoubt({ taken });
    await settleWhile(() => remove(one, erase));
    await bench.drain();
    expect(await only()).toMatchObject({ state, possibly_sent: true });
    expect(copiesOf(peer, one ? [one] : [])).toEqual([taken ? 1 : 0]);
    // What the provider has is bound all the same, so that it can be deleted there.
    const [attempt] = await attempts();
    expect(attempt?.provider_id).toBe(taken ? peer.accepted[0]?.providerId : null);
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, ended: 1 });
  });

  it('a pause holds what is to be sent again', async () => {
    const [one] = await inDoubt({ taken: false });
    await database.admin.query(
      `insert into pauses (id, organisation_id, reason) values (gen_random_uuid(), $1, 'test')`,
      [one?.organisationId],
    );
    await settleThroughWindow();
    await bench.drain();
    expect(await only()).toMatchObject({ state: 'scheduled' });
    expect(peer.accepted).toEqual([]);
  });

  it('another worker looks for none of the same', async () => {
    const seeded = await inDoubt({ count: 8 });
    await bench.turnClock(minute);
    const answer = Promise.withResolvers<void>();
    peer.list = async (): Promise<PeerRead> => {
      await answer.promise;
      return 'answer';
    };
    const first = bench.settle();
    await waitFor(() => peer.reads.lists === 8, 20_000, 5);
    expect(await Promise.all([bench.settle(), bench.settle()])).toEqual([0, 0]);
    answer.resolve();
    await first;
    expect(peer.reads.lists).toBe(8);
    expect(await bench.states()).toEqual({ sent: 8 });
    expect(copiesOf(peer, seeded)).toEqual(seeded.map(() => 1));
  });

  it('several workers at once share the work', async () => {
    const seeded = await inDoubt({ count: 40 });
    await bench.turnClock(minute);
    await Promise.all([bench.settle(), bench.settle(), bench.settle()]);
    expect(peer.reads.lists).toBe(40);
    expect(await bench.states()).toEqual({ sent: 40 });
    expect(copiesOf(peer, seeded)).toEqual(seeded.map(() => 1));
  });

  it('a worker that is slower than its lease says nothing of what it did not find', async () => {
    await inDoubt({ taken: false });
    await bench.turnClock(15 * minute);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    peer.list = async (): Promise<PeerRead> => {
      asked.resolve();
      await answer.promise;
      return 'answer';
    };
    const slow = bench.settle();
    await asked.promise;
    await bench.turnClock(2 * minute);
    peer.list = () => 'error_500';
    await bench.settle();
    answer.resolve();
    await slow;
    expect(await only()).toMatchObject({ state: 'uncertain' });
  });
});

describe('a lane whose provider offers no look-up', () => {
  it('is settled by receipts, and sends once more after the window, as the same message', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1, channels: ['email'] });
    const transport = fakeTransport((_message, place) =>
      place === 0
        ? { kind: 'uncertain', reason: 'timeout' }
        : { kind: 'accepted', providerId: 'm' },
    );
    const deps = bench.deps({ email: { transport } });
    await bench.dispatchWith(deps, (await bench.feed())[0] ?? '');
    const lane = { channel: 'email', mode: 'live' } as const;
    await bench.turnClock(14 * minute);
    await bench.settleWith(deps, [], lane);
    expect(await only()).toMatchObject({ state: 'uncertain' });
    await bench.turnClock(minute);
    await bench.settleWith(deps, [], lane);
    for (const batchId of await bench.feed()) await bench.dispatchWith(deps, batchId);
    expect(await only()).toMatchObject({ state: 'sent', possible_duplicate: true });
    expect(transport.sends).toHaveLength(2);
    expect(new Set(transport.sends.map(({ messageKey }) => messageKey)).size).toBe(1);
    // The link and its signature are in it.
    expect(new Set(transport.sends.map(({ text }) => text)).size).toBe(1);
    expect(new Set(transport.sends.map(({ attemptToken }) => attemptToken)).size).toBe(2);
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, resent: 1 });
  });
});

describe('one that cannot be settled', () => {
  it('keeps back no other', async () => {
    const seeded = await inDoubt({ count: 4 });
    const [bad] = seeded;
    await bench.turnClock(minute);
    const failing: Database = {
      ...bench.worker,
      transaction: (ids, work, options) =>
        bench.worker.transaction(
          ids,
          async (connection) => {
            const done = await work(connection);
            const { rows } = await connection.query(
              `select from reminders where id = $1 and state = 'sent'`,
              [bad?.id],
            );
            if (rows.length > 0) throw new AppError('internal');
            return done;
          },
          options,
        ),
    };
    // Once the bad one is written, no transaction that sees it goes through.
    await bench.settle({ database: failing });
    expect(await bench.states()).toMatchObject({ uncertain: 1, sent: 3 });
    await bench.turnClock(2 * minute);
    await bench.settle();
    expect(await bench.states()).toEqual({ sent: 4 });
  });
});

/** What the provider says of the first message it took. */
async function receipt(status: 'sent' | 'delivered' | 'undelivered'): Promise<void> {
  const [message] = peer.accepted;
  if (!message) throw new Error('nothing was taken');
  const token = Buffer.from(message.attemptToken, 'base64url');
  const { providerId } = message;
  await recordDeliveryReceipts({ database: bench.worker }, [
    { token, channel: 'sms', providerId, status },
  ]);
}

async function remove(one: SeededReminder | undefined, erase = false): Promise<void> {
  if (!one) throw new Error('nothing was seeded');
  const journal = { append: async () => {} };
  await createDeleteAppointment({ database: api, journal, ...unsignedErasures })({
    ...{ organisationId: one.organisationId, mode: 'live', erase },
    reference: `ref-${one.appointmentId}`,
  });
}
