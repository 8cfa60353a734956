import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { KeyLostError } from '../../src/keys/key-store-error.ts';
import { suppressionIndexes } from '../../src/keys/suppression-index.ts';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { createSendSlots } from '../../src/usecases/send-slots.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { garbageParcel, type SeededReminder } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';

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
  await database.admin.query('truncate organisations, batches, suppressions, events cascade');
});

async function stateOf({ id }: SeededReminder): Promise<Record<string, unknown>> {
  const [row] = await bench.rows('select * from reminders where id = $1', [id]);
  return row ?? {};
}

async function seedOne(
  options: Partial<Parameters<typeof bench.seed>[0]> = {},
): Promise<SeededReminder> {
  const [one] = await bench.seed({ organisationId, count: 1, ...options });
  if (!one) throw new Error('not seeded');
  return one;
}

async function feedOne(): Promise<string> {
  const [batchId] = await bench.feed();
  if (!batchId) throw new Error('nothing was due');
  return batchId;
}

describe('what is due', () => {
  it('is handed to the provider once each, as the neutral text and nothing else', async () => {
    const seeded = await bench.seed({ organisationId, count: 250 });
    const batches = await bench.feed();
    expect(batches).toHaveLength(3);
    await Promise.all(batches.map((batchId) => bench.dispatch(batchId)));

    expect(await bench.states()).toEqual({ sent: 250 });
    expect(peer.accepted.map(({ to }) => to).sort()).toEqual(
      seeded.map(({ phone }) => phone).sort(),
    );
    for (const { text } of peer.accepted) {
      expect(text).toMatch(
        /^Vous avez un rappel\. Pour le lire : http:\/\/localhost:3001\/a[\w-]{67}$/,
      );
    }
    const told = await bench.rows(
      `select from_state || '>' || to_state as step, channel, count(*)::int as count from events
       group by 1, 2 order by 1`,
    );
    expect(told).toEqual([
      { step: 'queued>sending', channel: 'sms', count: 250 },
      { step: 'scheduled>queued', channel: 'sms', count: 250 },
      { step: 'sending>sent', channel: 'sms', count: 250 },
    ]);
  });

  it('is sent once though its bell rings many times, in many workers', async () => {
    await bench.seed({ organisationId, count: 100 });
    const batchId = await feedOne();
    await Promise.all(Array.from({ length: 4 }, () => bench.dispatch(batchId)));
    await bench.dispatch(batchId);
    await bench.dispatch(randomUUID());
    expect(peer.accepted).toHaveLength(100);
    expect(new Set(peer.accepted.map(({ to }) => to)).size).toBe(100);
    expect(await bench.states()).toEqual({ sent: 100 });
    expect(await bench.rows('select count(*)::int as count from attempts')).toEqual([
      { count: 100 },
    ]);
  });

  it('keeps the provider’s id, the time, the link’s selector, and no batch or lease', async () => {
    const one = await seedOne();
    await bench.drain();
    expect(await stateOf(one)).toMatchObject({ state: 'sent', batch_id: null, lease_until: null });
    const [attempt] = await bench.rows('select * from attempts');
    expect(attempt).toMatchObject({
      outcome: 'accepted',
      number: 1,
      link_id: one.linkId,
      provider_id: peer.accepted[0]?.providerId,
    });
    const token = Buffer.from(peer.accepted[0]?.attemptToken ?? '', 'base64url');
    expect(attempt).toMatchObject({ token });
    const [link] = await bench.rows('select * from links');
    expect(link).toMatchObject({ selector: 'a', current: true });
    expect(link?.attempted_at).toBeInstanceOf(Date);
  });

  it('and whose bell was lost is fed again once the lease has passed', async () => {
    await bench.seed({ organisationId, count: 3 });
    await feedOne();
    expect(await bench.feed()).toEqual([]);
    await bench.passLeases();
    await bench.sweep();
    expect(await bench.states()).toEqual({ scheduled: 3 });
    await bench.drain();
    expect(peer.accepted).toHaveLength(3);
  });

  it('is not sent by a worker that comes after the lease', async () => {
    await bench.seed({ organisationId, count: 2 });
    const batchId = await feedOne();
    await bench.passLeases();
    await bench.dispatch(batchId);
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ queued: 2 });
  });

  it('is not begun when less is left of the lease than a send may take', async () => {
    await bench.seed({ organisationId, count: 2 });
    const batchId = await feedOne();
    await database.admin.query(
      `with one as (update batches set lease_until = now() + interval '15 s')
       update reminders set lease_until = now() + interval '15 s'`,
    );
    await bench.dispatch(batchId);
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 2 });
  });
});

describe('a row that is wrong stops no other', () => {
  const faults: Record<string, { sql: string; state: string; reason: string | null }> = {
    'a parcel that nobody sealed': {
      sql: `update links set parcel = '\\x${garbageParcel().toString('hex')}' where reminder_id = $1`,
      state: 'failed',
      reason: 'cannot_open',
    },
    'a parcel cut short': {
      sql: `update links set parcel = '\\x00' where reminder_id = $1`,
      state: 'failed',
      reason: 'cannot_open',
    },
    'a parcel of another reminder': {
      sql: `update links set parcel = (select parcel from links where reminder_id <> $1 limit 1) where reminder_id = $1`,
      state: 'failed',
      reason: 'cannot_open',
    },
    'a lookup that its secret does not lead to': {
      sql: `update links set lookup = decode(md5(random()::text), 'hex') where reminder_id = $1`,
      state: 'failed',
      reason: 'cannot_open',
    },
    'another organisation than it was sealed for': {
      sql: `with o as (insert into organisations (id, name) values (gen_random_uuid(), 'other') returning id)
        update reminders set organisation_id = (select id from o) where id = $1`,
      state: 'failed',
      reason: 'cannot_open',
    },
    'a key that is gone': {
      sql: `update links set parcel_day = '2001-01-01' where reminder_id = $1`,
      state: 'failed',
      reason: 'no_key',
    },
    'a link that vanished': {
      sql: `delete from links where reminder_id = $1`,
      state: 'failed',
      reason: 'no_parcel',
    },
    'a parcel that was emptied': {
      sql: `update links set parcel = null, parcel_day = null where reminder_id = $1`,
      state: 'failed',
      reason: 'no_parcel',
    },
    'a revoked link': {
      sql: `update links set revoked_at = now() where reminder_id = $1`,
      state: 'failed',
      reason: 'no_parcel',
    },
    'a selector whose key has not arrived yet': {
      sql: `update links set selector = 'Z' where reminder_id = $1`,
      state: 'scheduled',
      reason: 'no_link_key',
    },
    'too little time left': {
      sql: `update reminders set not_after = clock_timestamp() + interval '59 s' where id = $1`,
      state: 'expired',
      reason: 'too_late',
    },
  };

  it.each(Object.entries(faults))('%s', async (_, { sql, state, reason }) => {
    const seeded = await bench.seed({ organisationId, count: 5 });
    const bad = seeded[2] as SeededReminder;
    await database.admin.query(sql, [bad.id]);
    await bench.drain();
    expect(await stateOf(bad)).toMatchObject({ state, reason_code: reason });
    expect(await bench.states()).toEqual({ sent: 4, [state]: 1 });
    expect(peer.accepted.map(({ to }) => to)).not.toContain(bad.phone);
  });

  it('a day key that cannot be read makes what is sealed to it wait, and stops no other day', async () => {
    const seeded = await bench.seed({ organisationId, count: 5 });
    const ids = seeded.slice(1, 3).map(({ id }) => id);
    await database.admin.query(
      `update links set parcel_day = '2001-01-01' where reminder_id = any($1)`,
      [ids],
    );
    const lines: string[] = [];
    const log = { ...silentLog, error: (line: string) => void lines.push(line) };
    const { epochPrivateKey: keyOf } = bench.deps();
    await bench.drain({
      log,
      epochPrivateKey: async (day) => {
        if (day === '2001-01-01') throw new KeyLostError('epoch/2001-01-01.key: is deleted');
        return keyOf(day);
      },
    });
    expect(peer.accepted).toHaveLength(3);
    expect(lines).toEqual(['a day key could not be read', 'reminders wait for keys']);
    const rows = await bench.rows(
      `select id, state, reason_code, due_at > clock_timestamp() + interval '10 s' as waits
       from reminders where state <> 'sent' order by array_position($1::uuid[], id)`,
      [ids],
    );
    const waits = { state: 'scheduled', reason_code: 'key_unreadable', waits: true };
    expect(rows).toEqual(ids.map((id) => ({ id, ...waits })));
  });

  it('a link under a key that was revoked since waits, with one line in the log', async () => {
    await bench.seed({ organisationId, count: 3 });
    const lines: string[] = [];
    const log = { ...silentLog, warn: (line: string) => void lines.push(line) };
    await database.admin.query(`insert into revoked_selectors values ('a')`);
    try {
      for (const batchId of await bench.feed()) await bench.dispatch(batchId, { log });
      expect(await bench.feed()).toEqual([]);
    } finally {
      await database.admin.query('truncate revoked_selectors');
    }
    expect(peer.requests()).toBe(0);
    expect(lines).toEqual(['links under a revoked key wait for another']);
    const rows = await bench.rows(
      `select distinct state, due_at > clock_timestamp() + interval '5 s' as waits from reminders`,
    );
    expect(rows).toEqual([{ state: 'scheduled', waits: true }]);
  });

  it('a text that is not the neutral one is never handed over', async () => {
    await bench.seed({ organisationId, count: 2 });
    // The guard compares with this origin; a renderer that wrote another is what it is there for.
    await bench.drain({
      linkTokens: { newestSelector: 'a', mint: () => new Secret('a rendez-vous with Dr Martin') },
    });
    expect(peer.requests()).toBe(0);
    const [row] = await bench.rows('select distinct state, reason_code from reminders');
    expect(row).toEqual({ state: 'failed', reason_code: 'LEAK_GUARD' });
  });

  it('a contact that said stop gets nothing', async () => {
    const [one, other] = await bench.seed({ organisationId, count: 2 });
    const peppers = [{ id: '1', key: new Secret(Buffer.alloc(32, 7)) }];
    await database.admin.query(
      `insert into suppressions (contact_index, pepper, channel, source) values ($1, '1', 'sms', 'reply')`,
      [suppressionIndexes(peppers, new Secret(one?.phone ?? ''))[0]?.index],
    );
    const findSuppressed = createSuppressionLookup({
      database: bench.worker,
      keys: { symmetricKeys: async () => peppers },
    });
    await bench.drain({ findSuppressed });
    expect(await bench.states()).toEqual({ sent: 1, suppressed: 1 });
    expect(peer.accepted.map(({ to }) => to)).toEqual([other?.phone]);
  });
});

describe('a stop that is said while a batch waits for its turn', () => {
  it('counts for every message that has not been begun', async () => {
    const [first, second] = await bench.seed({ organisationId, count: 2 });
    const saidStop = new Set<string>();
    const transport = fakeTransport(async () => {
      for (const one of [first, second]) if (one) saidStop.add(one.id);
      return acceptedOutcome();
    });
    await bench.drain({
      transport,
      slots: createSendSlots(1),
      findSuppressed: async (contacts) =>
        new Set(contacts.map(({ reminderId }) => reminderId).filter((id) => saidStop.has(id))),
    });
    expect(transport.sends).toHaveLength(1);
    expect(await bench.states()).toEqual({ sent: 1, suppressed: 1 });
  });

  it('is waited for where nobody can tell: nothing is sent, and it is tried again', async () => {
    await bench.seed({ organisationId, count: 2 });
    await bench.drain({ findSuppressed: () => Promise.reject(new Error('no pepper')) });
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 2 });
    const [row] = await bench.rows('select bool_and(due_at > now()) as later from reminders');
    expect(row).toEqual({ later: true });
  });
});

describe('what changed between opening and intent is not sent', () => {
  /** Dispatches with something happening after parcels were opened and before the intent. */
  async function dispatchAround(sql: string): Promise<void> {
    const batchId = await feedOne();
    await bench.dispatch(batchId, {
      findSuppressed: async () => {
        await database.admin.query(sql);
        return new Set();
      },
    });
  }

  it.each([
    [
      'a new link',
      `with old as (update links set current = false returning *)
      insert into links (id, organisation_id, mode, appointment_id, reminder_id, channel, lookup, seal_public_key, note, expires_at)
      select gen_random_uuid(), organisation_id, mode, appointment_id, reminder_id, channel, decode(md5('x'), 'hex'), seal_public_key, note, expires_at from old`,
    ],
    ['another secret in the same link', `update links set lookup = decode(md5('y'), 'hex')`],
    ['a revoked link', 'update links set revoked_at = now()'],
    ['another key’s selector', `update links set selector = 'b'`],
    ['a paused appointment', 'update appointments set paused_at = now()'],
    ['a pause', `insert into pauses (id, reason) values (gen_random_uuid(), 'incident')`],
  ])('%s: it goes back', async (_, sql) => {
    await seedOne();
    await dispatchAround(sql);
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 1 });
    await database.admin.query('delete from pauses');
  });

  it('a cancelled reminder stays cancelled', async () => {
    await seedOne();
    await dispatchAround(
      `update reminders set state = 'cancelled', batch_id = null, lease_until = null`,
    );
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ cancelled: 1 });
  });

  it('and holds back nothing but itself', async () => {
    const seeded = await bench.seed({ organisationId, count: 9 });
    await dispatchAround(
      `update links set revoked_at = now() where id in ('${seeded[2]?.linkId}', '${seeded[7]?.linkId}')`,
    );
    expect(await bench.states()).toEqual({ scheduled: 2, sent: 7 });
    expect(peer.accepted).toHaveLength(7);
    const [told] = await bench.rows(
      `select count(*)::int as attempts, count(distinct reminder_id)::int as reminders,
         (select count(*) from events where to_state = 'sending')::int as events from attempts`,
    );
    expect(told).toEqual({ attempts: 7, reminders: 7, events: 7 });
  });

  it('an erased appointment: nothing is sent', async () => {
    await seedOne();
    await dispatchAround(`update appointments set state = 'erased'`);
    expect(peer.requests()).toBe(0);
  });

  it('a lease that passed: nothing is sent', async () => {
    await seedOne();
    await dispatchAround(`update reminders set lease_until = clock_timestamp() - interval '1 s'`);
    expect(peer.requests()).toBe(0);
  });

  it('a lock held by a change that is not committed yet is waited for, and what it did is seen', async () => {
    const one = await seedOne();
    const batchId = await feedOne();
    const change = await database.admin.connect();
    await change.query('begin');
    await change.query('select from reminders where id = $1 for update', [one.id]);
    await change.query(`update links set current = false where id = $1`, [one.linkId]);
    const dispatched = bench.dispatch(batchId);
    await waitFor(async () => {
      const [row] = await bench.rows(
        `select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock' and usename = 'sotto_worker'`,
      );
      return row?.count === 1;
    });
    await change.query('commit');
    change.release();
    await dispatched;
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 1 });
  });
});

describe('the outcome of a send', () => {
  const outcomes: [string, SendOutcome, Record<string, unknown>][] = [
    ['accepted', acceptedOutcome(), { state: 'sent', reason_code: null }],
    [
      'refused for good',
      { kind: 'refused', permanent: true, reason: 'invalid_recipient' },
      { state: 'failed', reason_code: 'invalid_recipient' },
    ],
    [
      'opted out',
      { kind: 'refused', permanent: true, reason: 'opted_out' },
      { state: 'suppressed', reason_code: 'opted_out' },
    ],
    [
      'refused for now',
      { kind: 'refused', permanent: false, reason: 'rate_limited', retryAfterMs: 600_000 },
      { state: 'scheduled', reason_code: 'rate_limited' },
    ],
    [
      'in doubt',
      { kind: 'uncertain', reason: 'timeout' },
      { state: 'uncertain', reason_code: 'timeout' },
    ],
  ];
  it.each(outcomes)(
    '%s is kept on the attempt and moves the reminder',
    async (_, outcome, expected) => {
      const one = await seedOne();
      const transport = fakeTransport(() => outcome);
      await bench.dispatch(await feedOne(), { transport });
      expect(await stateOf(one)).toMatchObject(expected);
      expect(await bench.rows('select outcome from attempts')).toEqual([{ outcome: outcome.kind }]);
    },
  );

  it('that asks to wait is waited for', async () => {
    const one = await seedOne();
    const transport = fakeTransport(() => ({
      kind: 'refused',
      permanent: false,
      reason: 'rate_limited',
      retryAfterMs: 600_000,
    }));
    await bench.dispatch(await feedOne(), { transport });
    const { due_at: dueAt } = await stateOf(one);
    expect((dueAt as Date).getTime()).toBeGreaterThan(Date.now() + 590_000);
    expect(await bench.feed()).toEqual([]);
  });

  it('that would come back too late fails, for a person to see', async () => {
    const one = await seedOne({ notAfterInMs: 120_000 });
    const transport = fakeTransport(() => ({
      kind: 'refused',
      permanent: false,
      reason: 'rate_limited',
      retryAfterMs: 100_000,
    }));
    await bench.dispatch(await feedOne(), { transport });
    expect(await stateOf(one)).toMatchObject({ state: 'failed', reason_code: 'rate_limited' });
  });

  it('in doubt is not sent again by feeding, dispatching and sweeping', async () => {
    await bench.seed({ organisationId, count: 5 });
    peer.answer = () => 'accept_then_reset';
    await bench.drain();
    peer.answer = () => 'accept';
    await bench.passLeases();
    await bench.sweep();
    await bench.drain();
    expect(await bench.states()).toEqual({ uncertain: 5 });
    expect(peer.accepted).toHaveLength(5);
  });

  it('of a transport that throws is in doubt', async () => {
    const one = await seedOne();
    const transport = fakeTransport(() => {
      throw new Error('a transport must not');
    });
    await bench.dispatch(await feedOne(), { transport });
    expect(await stateOf(one)).toMatchObject({ state: 'uncertain' });
  });

  it('that comes after the lease has passed is still kept: a late 200 is sent', async () => {
    const one = await seedOne();
    const { promise, resolve } = Promise.withResolvers<SendOutcome>();
    const transport = fakeTransport(() => promise);
    const dispatched = bench.dispatch(await feedOne(), { transport });
    await waitFor(() => transport.sends.length === 1);
    await bench.passLeases();
    await bench.sweep();
    expect(await stateOf(one)).toMatchObject({ state: 'uncertain', reason_code: 'process_died' });
    resolve(acceptedOutcome());
    await dispatched;
    expect(await stateOf(one)).toMatchObject({ state: 'sent', possibly_sent: false });
    expect(await bench.rows('select outcome, reason_code from attempts')).toEqual([
      { outcome: 'accepted', reason_code: null },
    ]);
  });

  it('that two messages share is kept for both', async () => {
    await bench.seed({ organisationId, count: 3 });
    const transport = fakeTransport(() => ({ kind: 'accepted', providerId: 'SMsame' }));
    await bench.dispatch(await feedOne(), { transport });
    expect(await bench.states()).toEqual({ sent: 3 });
  });

  it.each([
    ['accepted', acceptedOutcome(), { state: 'sent', possibly_sent: false }],
    [
      'refused for now',
      { kind: 'refused', permanent: false, reason: 'not_connected' } as const,
      { state: 'cancelled', possibly_sent: false },
    ],
    [
      'refused for good',
      { kind: 'refused', permanent: true, reason: 'invalid_recipient' } as const,
      { state: 'cancelled', possibly_sent: false },
    ],
    [
      'in doubt',
      { kind: 'uncertain', reason: 'timeout' } as const,
      { state: 'cancelled', possibly_sent: true },
    ],
  ])('%s, when a cancellation came during the send', async (_, outcome, expected) => {
    const one = await seedOne();
    const transport = fakeTransport(async () => {
      await database.admin.query(`update reminders set pending_end = 'cancelled'`);
      return outcome;
    });
    await bench.dispatch(await feedOne(), { transport });
    expect(await stateOf(one)).toMatchObject(expected);
  });

  it('of a process that died, when a cancellation came during the send, is flagged', async () => {
    const one = await seedOne();
    await feedOne();
    await database.admin.query(
      `update reminders set state = 'sending', pending_end = 'superseded'`,
    );
    await bench.passLeases();
    await bench.sweep();
    expect(await stateOf(one)).toMatchObject({ state: 'superseded', possibly_sent: true });
  });
});

describe('a provider that is down', () => {
  it('costs a few attempts, then reminders wait in order until it is back', async () => {
    await bench.seed({ organisationId, count: 200 });
    peer.answer = () => 'credentials';
    const deps = bench.deps();
    for (const batchId of await bench.feed()) await bench.dispatchWith(deps, batchId);
    expect(peer.requests()).toBeLessThanOrEqual(16);
    expect(await bench.states()).toEqual({ scheduled: 200 });
    expect(deps.breaker.allows()).toBe('none');

    peer.answer = () => 'accept';
    await database.admin.query('update reminders set due_at = clock_timestamp()');
    await bench.drain();
    expect(await bench.states()).toEqual({ sent: 200 });
    expect(new Set(peer.accepted.map(({ to }) => to)).size).toBe(200);
  });
});

describe('a worker that is told to stop', () => {
  it('finishes what is in the air and gives back the rest', async () => {
    await bench.seed({ organisationId, count: 100 });
    const stopping = new AbortController();
    const transport = fakeTransport(async (_message, place) => {
      if (place === 0) stopping.abort();
      return acceptedOutcome();
    });
    await bench.dispatch(await feedOne(), { transport, stopping: stopping.signal });
    const states = await bench.states();
    expect(states).toEqual({
      sent: transport.sends.length,
      scheduled: 100 - transport.sends.length,
    });
    expect(transport.sends.length).toBeLessThanOrEqual(16);
  });
});
