import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { clearSettledParcels } from '../../src/usecases/clear-parcels.ts';
import {
  type DeliveryReceipt,
  recordDeliveryReceipts,
  recordSomeReceipts,
} from '../../src/usecases/record-delivery-receipt.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';

const gone: SendOutcome = { kind: 'refused', permanent: true, reason: 'invalid_recipient' };

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  peer.forget();
  organisationId = await database.createOrganisation();
});
afterEach(async () => {
  await database.admin.query('truncate organisations, batches, events cascade');
});

/** One reminder by email, with a link by SMS to fall back to. */
async function seedOne(
  options: Partial<Parameters<typeof bench.seed>[0]> = {},
): Promise<SeededReminder> {
  const channels = ['email', 'sms'] as const;
  const [one] = await bench.seed({ organisationId, count: 1, channels, ...options });
  if (!one) throw new Error('not seeded');
  return one;
}
const email = (outcome: SendOutcome | (() => SendOutcome | Promise<SendOutcome>)) => ({
  email: { transport: fakeTransport(typeof outcome === 'function' ? outcome : () => outcome) },
});
async function stand(): Promise<Record<string, unknown>> {
  const [row] = await bench.rows(
    `select state, channel, reason_code, possible_duplicate, attempt_count from reminders`,
  );
  return row ?? {};
}
const attempts = () =>
  bench.rows('select channel, outcome, possible_duplicate from attempts order by number');
const parcels = () => bench.rows('select channel from links where parcel is not null order by 1');

async function attemptOf(number: number): Promise<Pick<DeliveryReceipt, 'token' | 'channel'>> {
  const [row] = await bench.rows('select token, channel from attempts where number = $1', [number]);
  return { token: row?.token as Buffer, channel: row?.channel as 'sms' | 'email' };
}
async function hear(
  status: DeliveryReceipt['status'],
  { number = 1, times = 1, reason = 'unreachable_recipient' } = {},
): Promise<void> {
  const receipt = { ...(await attemptOf(number)), providerId: `id-${number}`, status, reason };
  await recordDeliveryReceipts(
    { database: bench.worker },
    Array.from({ length: times }, () => receipt),
  );
}

describe('what the provider refuses for good', () => {
  it('goes out by the other channel at once, as no second copy', async () => {
    const one = await seedOne();
    await bench.drain(email(gone));
    expect(await stand()).toMatchObject({
      state: 'sent',
      channel: 'sms',
      possible_duplicate: false,
    });
    expect(peer.accepted.map(({ to }) => to)).toEqual([one.phone]);
    expect(await attempts()).toEqual([
      { channel: 'email', outcome: 'refused', possible_duplicate: false },
      { channel: 'sms', outcome: 'accepted', possible_duplicate: false },
    ]);
    const told = await bench.rows(
      `select type, reason_code from events where from_state = 'sending' order by id`,
    );
    expect(told).toEqual([
      { type: 'reminder.scheduled', reason_code: 'invalid_recipient' },
      { type: 'reminder.sent', reason_code: null },
    ]);
  });

  it('on both channels fails, after one attempt on each', async () => {
    await seedOne();
    peer.answer = () => 'bad_number';
    await bench.drain(email(gone));
    expect(await stand()).toMatchObject({ state: 'failed', channel: 'sms', attempt_count: 2 });
  });

  it('the other way round too: an email after a number that is none', async () => {
    const one = await seedOne({ channels: ['sms', 'email'] });
    peer.answer = () => 'bad_number';
    const transport = fakeTransport(acceptedOutcome);
    await bench.drain({ email: { transport } });
    expect(await stand()).toMatchObject({ state: 'sent', channel: 'email' });
    expect(transport.sends.map(({ to }) => to)).toEqual([one.email]);
  });

  it('is not told to somebody who opted out', async () => {
    await seedOne();
    await bench.drain(email({ kind: 'refused', permanent: true, reason: 'opted_out' }));
    expect(await stand()).toMatchObject({ state: 'suppressed', channel: 'email' });
    expect(peer.requests()).toBe(0);
    expect(await parcels()).toEqual([]);
  });

  it('by the other channel gets as many tries there as any', async () => {
    await seedOne();
    await bench.drain(email(gone));
    await database.admin.query(`update attempts set outcome = 'refused'`);
    await database.admin.query(`update reminders set state = 'scheduled', due_at = now()`);
    await database.admin.query(
      `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token, batch_id, outcome)
       select gen_random_uuid(), organisation_id, mode, id, n, 'email', 'x', decode(md5(n::text), 'hex'),
         gen_random_uuid(), 'refused' from reminders, generate_series(3, 9) n`,
    );
    await database.admin.query('update reminders set attempt_count = 9');
    const transport = fakeTransport(() => ({
      kind: 'refused',
      permanent: false,
      reason: 'provider_refused',
    }));
    await bench.drain({ transport });
    expect(await stand()).toMatchObject({ state: 'scheduled', channel: 'sms', attempt_count: 10 });
  });
});

describe('an outage of the mail server', () => {
  async function plantTries(reason: string): Promise<void> {
    await database.admin.query(
      `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token, batch_id, outcome, reason_code)
       select gen_random_uuid(), organisation_id, mode, id, n, 'email', 'x', decode(md5(n::text), 'hex'),
         gen_random_uuid(), 'refused', $1 from reminders, generate_series(1, 20) n`,
      [reason],
    );
    await database.admin.query('update reminders set attempt_count = 20');
  }
  /** As it was decided, whatever the time that has passed since. */
  async function waitS(): Promise<number> {
    const [row] = await bench.rows(
      'select extract(epoch from due_at - updated_at)::float8 as s from reminders',
    );
    return Number(row?.s);
  }

  it.each([
    ['what was refused while it was down', 'provider_down', 'unreachable_recipient'],
    ['what never began', 'not_started', 'provider_down'],
  ] as const)('makes no other try wait longer: %s', async (_, before, reason) => {
    await seedOne();
    await plantTries(before);
    await bench.drain(email({ kind: 'refused', permanent: false, reason }));
    expect(await waitS()).toBeLessThan(20);
  });

  it('uses up no try: what is refused for a while after it is tried again, and by the same channel', async () => {
    await seedOne();
    await plantTries('provider_down');
    const later = { kind: 'refused', permanent: false, reason: 'unreachable_recipient' } as const;
    for (let tries = 1; tries < 8; tries += 1) {
      await bench.drain(email(later));
      expect(await stand()).toMatchObject({ state: 'scheduled', channel: 'email' });
      await database.admin.query('update reminders set due_at = now()');
    }
    await bench.drain(email(later));
    expect(await stand()).toMatchObject({ state: 'sent', channel: 'sms', attempt_count: 29 });
  });
});

describe('what has been tried for as long as there was time', () => {
  it('goes out by the other channel, while that has time to deliver', async () => {
    await seedOne({ notAfterInMs: 120_000 });
    await bench.drain(
      email({ kind: 'refused', permanent: false, reason: 'rate_limited', retryAfterMs: 100_000 }),
    );
    expect(await stand()).toMatchObject({ state: 'sent', channel: 'sms' });
  });

  it('fails where that has none', async () => {
    await seedOne({ notAfterInMs: 61_000 });
    const slow = async (): Promise<SendOutcome> => {
      await database.admin.query(`update reminders set not_after = now() + interval '59 s'`);
      return gone;
    };
    await bench.drain(email(slow));
    expect(await stand()).toMatchObject({ state: 'failed', channel: 'email' });
    expect(peer.requests()).toBe(0);
  });
});

describe('a channel that cannot be fallen back to', () => {
  it.each([
    ['has no link', `delete from links where channel = 'sms'`],
    ['has a revoked link', `update links set revoked_at = now() where channel = 'sms'`],
    ['has a replaced link', `update links set current = false where channel = 'sms'`],
    [
      'has a link without a parcel',
      `update links set parcel = null, parcel_day = null where channel = 'sms'`,
    ],
    ['has been tried', `update links set attempted_at = now() where channel = 'sms'`],
  ])('because it %s: the reminder fails', async (_, sql) => {
    await seedOne();
    await database.admin.query(sql);
    await bench.drain(email(gone));
    expect(await stand()).toMatchObject({ state: 'failed', channel: 'email' });
    expect(peer.requests()).toBe(0);
  });
});

describe('what was asked for while the refusal was on its way', () => {
  it.each(['cancelled', 'superseded', 'erased'])('%s: comes first', async (end) => {
    await seedOne();
    const asked = async (): Promise<SendOutcome> => {
      await database.admin.query('update reminders set pending_end = $1', [end]);
      return gone;
    };
    await bench.drain(email(asked));
    expect(await stand()).toMatchObject({ state: end, channel: 'email' });
    expect(peer.requests()).toBe(0);
  });

  it('a PUT that drops the other link, not committed yet: is waited for, and nothing is sent by it', async () => {
    const one = await seedOne();
    const change = await database.admin.connect();
    const dropping = async (): Promise<SendOutcome> => {
      await change.query('begin');
      await change.query('select from reminders where id = $1 for update', [one.id]);
      await change.query(`delete from links where channel = 'sms'`);
      return gone;
    };
    const drained = bench.drain(email(dropping));
    await waitFor(isSomebodyWaiting, 20_000, 10);
    await change.query('commit');
    change.release();
    await drained;
    expect(await stand()).toMatchObject({ state: 'failed', channel: 'email' });
  });

  it('a PUT that seals the other link anew, not committed yet: the new one is used', async () => {
    const one = await seedOne();
    const change = await database.admin.connect();
    const resealing = async (): Promise<SendOutcome> => {
      await change.query('begin');
      await change.query('select from reminders where id = $1 for update', [one.id]);
      await change.query(`update links set current = false where channel = 'sms'`);
      await change.query(
        `insert into links select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(),
           'current', true, 'lookup', '\\x' || md5('new')))).* from links l where channel = 'sms'`,
      );
      return gone;
    };
    const drained = bench.drain(email(resealing));
    await waitFor(isSomebodyWaiting, 20_000, 10);
    await change.query('commit');
    change.release();
    await drained;
    // Its lookup is of no secret, which proves which of the two links was opened.
    expect(await stand()).toMatchObject({
      state: 'failed',
      channel: 'sms',
      reason_code: 'cannot_open',
    });
  });

  async function isSomebodyWaiting(): Promise<boolean> {
    const [row] = await bench.rows(
      `select count(*)::int as count from pg_stat_activity
       where wait_event_type = 'Lock' and usename = 'sotto_worker' and datname = current_database()`,
    );
    return row?.count !== 0;
  }
});

describe('what was sent and is reported lost', () => {
  async function sendByEmail(): Promise<SeededReminder> {
    const one = await seedOne();
    await bench.drain(email(acceptedOutcome()));
    expect(await stand()).toMatchObject({ state: 'sent', channel: 'email' });
    return one;
  }

  it('goes out by the other channel, flagged wherever it shows', async () => {
    const one = await sendByEmail();
    expect(await parcels()).toHaveLength(2);
    await hear('undelivered');
    expect(await stand()).toEqual({
      state: 'scheduled',
      channel: 'sms',
      reason_code: 'unreachable_recipient',
      possible_duplicate: true,
      attempt_count: 1,
    });
    await bench.drain();
    expect(await stand()).toMatchObject({
      state: 'sent',
      channel: 'sms',
      possible_duplicate: true,
    });
    expect(peer.accepted.map(({ to }) => to)).toEqual([one.phone]);
    expect(await attempts()).toEqual([
      { channel: 'email', outcome: 'accepted', possible_duplicate: false },
      { channel: 'sms', outcome: 'accepted', possible_duplicate: true },
    ]);
    const told = await bench.rows(
      `select from_state, to_state, reason_code from events where possible_duplicate order by id limit 1`,
    );
    expect(told).toEqual([
      { from_state: 'sent', to_state: 'scheduled', reason_code: 'unreachable_recipient' },
    ]);
  });

  it('twice, at once or one after the other, goes out once', async () => {
    await sendByEmail();
    await hear('undelivered', { times: 2 });
    await hear('undelivered');
    await Promise.all([hear('undelivered'), hear('undelivered')]);
    const told = await bench.rows(`select from events where to_state = 'scheduled'`);
    expect(told).toHaveLength(1);
    await bench.drain();
    await hear('undelivered');
    await bench.drain();
    expect(peer.accepted).toHaveLength(1);
    expect(await stand()).toMatchObject({ state: 'sent', channel: 'sms', attempt_count: 2 });
  });

  it('on both channels stays undelivered, and goes back and forth no more', async () => {
    await sendByEmail();
    await hear('undelivered');
    await bench.drain();
    await hear('undelivered', { number: 2 });
    expect(await stand()).toMatchObject({ state: 'undelivered', channel: 'sms' });
    expect(await parcels()).toEqual([]);
    expect(await bench.feed()).toEqual([]);
  });

  it('before our own record of the send: that record does not call it off', async () => {
    await seedOne();
    const bounced = async (): Promise<SendOutcome> => {
      await hear('undelivered');
      return acceptedOutcome();
    };
    const [batchId] = await bench.feed();
    await bench.dispatch(batchId ?? '', email(bounced));
    expect(await stand()).toMatchObject({ state: 'scheduled', channel: 'sms' });
    await bench.drain();
    expect(peer.accepted).toHaveLength(1);
    expect(await attempts()).toMatchObject([{ outcome: 'accepted' }, { outcome: 'accepted' }]);
  });

  it('and then, late, “sent”: is still told by the other channel', async () => {
    await sendByEmail();
    await hear('undelivered');
    for (const status of ['other', 'sent'] as const) await hear(status);
    expect(await stand()).toMatchObject({ state: 'scheduled', channel: 'sms' });
    await bench.drain();
    expect(peer.accepted).toHaveLength(1);
  });

  it('and then delivered after all: nothing more is sent', async () => {
    await sendByEmail();
    await hear('undelivered');
    await hear('delivered');
    expect(await stand()).toMatchObject({ state: 'delivered' });
    await bench.drain();
    expect(peer.requests()).toBe(0);
    expect(await parcels()).toEqual([]);
  });

  it('because the person opted out is told to nobody', async () => {
    await sendByEmail();
    await hear('undelivered', { reason: 'opted_out' });
    expect(await stand()).toMatchObject({ state: 'undelivered', channel: 'email' });
  });

  it('more than an hour later stays undelivered: what it could be sent with is gone', async () => {
    await sendByEmail();
    await database.admin.query(`update reminders set sent_at = now() - interval '61 minutes'`);
    await clearSettledParcels({ database: bench.worker });
    expect(await parcels()).toEqual([]);
    await hear('undelivered');
    expect(await stand()).toMatchObject({ state: 'undelivered', channel: 'email' });
  });

  it('at the moment its parcels are cleared keeps what it goes on with', async () => {
    await sendByEmail();
    await database.admin.query(`update reminders set sent_at = now() - interval '61 minutes'`);
    let cleared: Promise<number> | undefined;
    const attempt = await attemptOf(1);
    await bench.worker.transaction([], async (connection) => {
      const receipt = { ...attempt, providerId: 'id', status: 'undelivered' } as const;
      await recordSomeReceipts(connection, [receipt]);
      // Sees the reminder as it was before, and must not act on it.
      cleared = clearSettledParcels({ database: bench.worker });
      await cleared;
    });
    expect(await cleared).toBe(0);
    expect(await parcels()).toHaveLength(2);
    await bench.drain();
    expect(peer.accepted).toHaveLength(1);
  });
});

describe('a reminder whose channel has no contact point any more', () => {
  it('goes out by the other, with no attempt used', async () => {
    const one = await seedOne();
    await database.admin.query(`delete from links where channel = 'email'`);
    await bench.drain(email(gone));
    expect(await stand()).toEqual({
      state: 'sent',
      channel: 'sms',
      reason_code: null,
      possible_duplicate: false,
      attempt_count: 1,
    });
    expect(peer.accepted.map(({ to }) => to)).toEqual([one.phone]);
    const told = await bench.rows(`select reason_code from events where from_state = 'queued'
      and to_state = 'scheduled'`);
    expect(told).toEqual([{ reason_code: 'no_parcel' }]);
  });

  it('fails where the other has been tried: nobody is sent to in circles', async () => {
    await seedOne();
    await bench.drain(email(acceptedOutcome()));
    await hear('undelivered');
    await database.admin.query(`delete from links where channel = 'sms'`);
    await bench.drain(email(acceptedOutcome()));
    expect(await stand()).toMatchObject({
      state: 'failed',
      channel: 'sms',
      reason_code: 'no_parcel',
    });
    expect(await attempts()).toHaveLength(1);
  });
});
