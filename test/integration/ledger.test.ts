import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keptDaysMax } from '../../config/kept-days.ts';
import { AppError } from '../../src/domain/errors.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { administer } from '../../src/store/administration.ts';
import { foldCarriedBalances } from '../../src/store/retention.ts';
import type { LogFacts } from '../../src/telemetry/log.ts';
import { dropEventMonths } from '../../src/usecases/drop-event-months.ts';
import { proveLedger } from '../../src/usecases/prove-ledger.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { verifyLedger } from '../../src/usecases/verify-ledger.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { ageEvents } from '../support/age-events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, lanes, silentLog } from '../support/dispatch-bench.ts';
import { createFaultPoint, faultModes } from '../support/fault-point.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { sottoCommand } from '../support/sotto-command.ts';

let db: TestDatabase;
let organisationIds: string[];
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationIds = [await db.createOrganisation(), await db.createOrganisation()].sort();
  testKeys = await createTestKeys(organisationIds);
  accept = await createTestAccept({ database: db.open('api'), ...testKeys });
  peer = await startMessagesPeer();
  bench = createDispatchBench(db, peer);
});
afterAll(async () => {
  await peer.close();
  await db.drop();
  await testKeys.remove();
});
beforeEach(() =>
  db.admin.query(
    `truncate appointments, batches, events, carried_balances, carried_steps, carried_lives,
       carried_ends, event_months, ledger_breaks cascade`,
  ),
);

const modes = ['live', 'test'] as const;

function keyOf(place: number) {
  const organisationId = organisationIds[place % 2] ?? '';
  const mode = modes[Math.floor(place / 2) % 2] ?? 'test';
  return { organisationId, mode, reference: `visit-${place}` };
}

/** Numbers that belong to nobody are refused in live mode; where nobody is asked, it takes them. */
function put(place: number, hours = 72, notice: 'now' | 'none' | 'if_told' = 'if_told') {
  const recipient = { phone: '+33612345678', email: 'a@example.fr', language: 'fr', pin: '482913' };
  const reminders = [
    { before: 'PT24H', channel: 'sms' as const },
    { before: 'PT90H', channel: 'email' as const },
  ];
  return accept.put({
    ...keyOf(place),
    body: appointmentRequest({ notice, recipient, reminders }, hours),
  });
}

const verify = (organisationId?: string) =>
  verifyLedger({ transaction: (work) => administer(db.adminUrl, work) }, { organisationId });

async function breaksOf(organisationId?: string) {
  return (await verify(organisationId)).flatMap((account) =>
    account.breaks.map((one) => ({
      ...one,
      organisationId: account.organisationId,
      mode: account.mode,
    })),
  );
}

async function prove() {
  const lines: LogFacts[] = [];
  const error = (_: string, facts: LogFacts = {}) => void lines.push(facts);
  await proveLedger({ database: db.open('scheduler'), log: { ...silentLog, error } });
  return lines;
}

async function sendingWith(database = bench.worker) {
  const keys = await testKeys.keys.linkKeys();
  return bench.deps({
    database,
    epochPrivateKey: testKeys.keys.epochPrivateKey,
    linkTokens: createLinkTokens({ keys, audience: 'localhost' }),
  });
}

/** Something goes wrong at one of so many steps, or in half of all cases at none. */
function somewhere(dice: number, stepsMax: number) {
  const at = Math.ceil(dice * 2 * stepsMax);
  return createFaultPoint(
    at > stepsMax ? undefined : { at, mode: faultModes[at % 4] ?? 'die_before' },
  );
}

/** How far back each month is, so that no two are the same. */
let ageDays = 130;

/** What may happen to reminders; `dice` is between 0 and 1. */
const happenings = {
  put: (place: number, dice: number) =>
    put(place, 48 + Math.floor(dice * 5) * 24, dice < 0.3 ? 'now' : 'if_told'),
  remove: (place: number) => accept.remove({ ...keyOf(place), erase: false }),
  erase: (place: number) => accept.remove({ ...keyOf(place), erase: true }),
  async send(_: number, dice: number) {
    await db.admin.query(
      `update reminders set due_at = clock_timestamp() where state = 'scheduled'`,
    );
    const fault = somewhere(dice, 50);
    const deps = await sendingWith(fault.database(bench.worker));
    const work = Promise.all((await bench.feed()).map((batch) => bench.dispatchWith(deps, batch)));
    await Promise.race([work.catch(() => {}), fault.died]);
  },
  async sweep() {
    await bench.passLeases();
    await bench.sweep();
  },
  async settle() {
    await db.admin.query(
      `update reminders set doubted_at = doubted_at - interval '1 hour',
         settle_at = settle_at - interval '1 hour' where state = 'uncertain'`,
    );
    const deps = await sendingWith();
    for (const lane of lanes) await bench.settleWith(deps, [], lane);
  },
  async receipts(_: number, dice: number) {
    const { rows } = await db.admin.query(
      'select token, channel from attempts order by id limit 20',
    );
    const receipts = rows.map(({ token, channel }, index) => ({
      token,
      channel,
      providerId: `SM${token.toString('hex')}`,
      status:
        (['sent', 'delivered', 'undelivered'] as const)[Math.floor(dice * 9 + index) % 3] ?? 'sent',
    }));
    await recordDeliveryReceipts({ database: bench.worker }, receipts);
  },
  async expire(place: number) {
    await db.admin.query(
      `update reminders set not_after = now() where appointment_id in
         (select id from appointments where reference = $1)`,
      [`visit-${place}`],
    );
    await bench.expire();
  },
  async retire(place: number, dice: number) {
    await db.admin.query('update appointments set erase_at = now() where reference = $1', [
      `visit-${place}`,
    ]);
    const fault = somewhere(dice, 15);
    const work = retireExpired({ database: fault.database(bench.scheduler), log: silentLog });
    await Promise.race([work.catch(() => {}), fault.died]);
  },
  /** Time passes for what was told of some of them, and their months are dropped. */
  async forget(place: number, dice: number) {
    const where = `created_at > now() - interval '1 day' and reference in ('visit-${place}', 'visit-0')`;
    await ageEvents(db.admin, { days: ageDays, where });
    ageDays += 31;
    const fault = somewhere(dice, 25);
    const stopping = new AbortController().signal;
    const work = dropEventMonths(
      { database: fault.database(bench.scheduler), log: silentLog },
      { keep: keptDaysMax, stopping },
    );
    await Promise.race([work.catch(() => {}), fault.died]);
  },
};

describe('accepted = the sum of all states', () => {
  it('whatever becomes of reminders, erased, deleted by retention, or left by who died', async () => {
    const happening = fc.record({
      name: fc.constantFrom(...(Object.keys(happenings) as (keyof typeof happenings)[])),
      place: fc.nat(7),
      dice: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    const answers = ['accept', 'accept', 'rate_limit', 'error_500'] as const;
    const seen = new Set<string>();
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 25, maxLength: 40 }), async (life) => {
        peer.answer = () => answers[turn++ % 4] ?? 'accept';
        for (let place = 0; place < 8; place += 1) await put(place, 72 + place * 24);
        for (const { name, place, dice } of life) {
          await happenings[name](place, dice).catch((error: unknown) => {
            if (!(error instanceof AppError && error.code === 'not_found')) throw error;
          });
        }
        // Of each life a part goes all its way.
        peer.answer = () => 'accept';
        await put(0);
        await happenings.send(0, 1);
        await happenings.forget(0, 1);
        await happenings.retire(0, 1);
        const accounts = await verify();
        expect(accounts.flatMap(({ breaks }) => breaks)).toEqual([]);
        expect(accounts.filter((one) => one.accepted !== one.kept + one.carried)).toEqual([]);
        expect(await prove()).toEqual([]);
        const told = await bench.rows('select distinct to_state as state from events');
        for (const { state } of told) seen.add(String(state));
        if ((await db.admin.query('select from carried_lives')).rowCount) seen.add('forgotten');
        if (accounts.some(({ carried }) => carried > 0)) seen.add('retired');
      }),
      { numRuns: 6 },
    );
    peer.answer = () => 'accept';
    expect([...seen]).toEqual(
      expect.arrayContaining(['erased', 'retired', 'forgotten', 'sent', 'scheduled']),
    );
  });

  it('also when retention dies at any of its steps: deleted and carried forward, or neither', async () => {
    for (let at = 1; at <= 22; at += 1) {
      const mode = at % 2 === 0 ? 'die_before' : 'die_after';
      for (const place of [0, 1, 2, 3]) await put(place + 4 * at);
      await db.admin.query('update appointments set erase_at = now()');
      const fault = createFaultPoint({ at, mode });
      await Promise.race([
        retireExpired({ database: fault.database(bench.scheduler), log: silentLog }),
        fault.died,
      ]);
      expect(await breaksOf()).toEqual([]);
    }
    await retireExpired({ database: bench.scheduler, log: silentLog });
    const accounts = await verify();
    expect(accounts).toHaveLength(4);
    for (const { accepted, kept, carried } of accounts) {
      expect({ kept, carried }).toEqual({ kept: 0, carried: accepted });
      expect(accepted).toBeGreaterThan(0);
    }
    expect(await prove()).toEqual([]);
    // However often it ran, one row each.
    const balances = await bench.rows(
      'select count(*)::int as rows from carried_balances group by organisation_id, mode, state',
    );
    expect(new Set(balances.map(({ rows }) => rows))).toEqual(new Set([1]));
  });

  it('and what was carried is folded a bounded number of rows at a time, whatever lies in one organisation', async () => {
    await db.admin.query(
      `insert into carried_balances (organisation_id, mode, state, count)
       select ('00000000-0000-7000-8000-00000000000' || o)::uuid, 'live', s, n
       from generate_series(1, 3) o, unnest(array['sent', 'expired']) s, generate_series(1, 40) n`,
    );
    const sums = `select organisation_id, state, sum(count)::int as sum from carried_balances group by 1, 2 order by 1, 2`;
    const before = await bench.rows(sums);
    let rounds = 0;
    for (let from: string | undefined = '00000000-0000-0000-0000-000000000000'; from; rounds += 1) {
      const input: Parameters<typeof foldCarriedBalances>[1] = { from, countMax: 50 };
      from = await bench.scheduler.transaction([], (connection) =>
        foldCarriedBalances(connection, input),
      );
    }
    // Of 240 rows.
    expect(rounds).toBeLessThanOrEqual(7);
    expect(await bench.rows(sums)).toEqual(before);
    const [left] = await bench.rows('select count(*)::int as count from carried_balances');
    expect(left?.count).toBe(before.length);
    await db.admin.query('truncate carried_balances');
  });

  it('holds for what is carried while it changes: as it stood when its row went', async () => {
    await put(0);
    await db.admin.query('update appointments set erase_at = now()');
    const connection = await db.admin.connect();
    await connection.query('begin');
    await connection.query(`with changed as (update reminders set state = 'suppressed'
        where state = 'scheduled' returning *)
      insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
        from_state, to_state)
      select organisation_id, mode, 'reminder.suppressed', 'visit-0', appointment_id, id, 'scheduled',
        'suppressed' from changed`);
    const retired = retireExpired({ database: bench.scheduler, log: silentLog });
    await expect
      .poll(async () => {
        const { rows } = await db.admin.query(
          `select count(*)::int as count from pg_locks where not granted`,
        );
        return rows[0].count;
      })
      .toBeGreaterThan(0);
    await connection.query('commit');
    connection.release();
    await retired;
    expect(await breaksOf()).toEqual([]);
    expect((await verify())[0]).toMatchObject({ kept: 0 });
  });
});

/** Changes nobody told of. Each leaves the one reminder of `visit-1` in a way that adds up to nothing. */
const planted = {
  'a row that was changed': {
    sql: `update reminders set state = 'delivered' where id = $1`,
    differences: { delivered: 1, scheduled: -1 },
  },
  'an event that was deleted': {
    sql: `delete from events where reminder_id = $1 and to_state = 'scheduled' and from_state is null`,
    differences: { scheduled: 1 },
  },
  'a row that was deleted': {
    sql: 'delete from reminders where id = $1',
    differences: { scheduled: -1 },
  },
  'a row that nobody accepted': {
    sql: `insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel,
        channel, resolved_at, send_at, due_at, not_after, state)
      select gen_random_uuid(), organisation_id, mode, appointment_id, 'notice', 'sms', 'sms', now(),
        now(), now(), now(), 'failed' from reminders where id = $1`,
    differences: { failed: 1 },
  },
};

async function firstReminderOf(place: number): Promise<string> {
  const { rows } = await db.admin.query(
    `select r.id from reminders r join appointments a on a.id = r.appointment_id
     where a.reference = $1 and r.state = 'scheduled' order by r.id limit 1`,
    [`visit-${place}`],
  );
  return rows[0].id;
}

describe('what does not add up', () => {
  it.each(Object.entries(planted))(
    '%s is named by organisation, mode, state and by how many, and nobody else is',
    async (_, { sql, differences }) => {
      for (const place of [0, 1, 2, 3]) await put(place);
      expect(await prove()).toEqual([]);
      await db.admin.query(sql, [await firstReminderOf(1)]);
      const { organisationId, mode } = keyOf(1);
      const named = Object.entries(differences).map(([state, difference]) => ({
        ...{ organisationId, mode, state, difference },
      }));
      expect(await breaksOf()).toEqual(named);
      expect(await breaksOf(organisationId)).toEqual(named);
      expect(await breaksOf(organisationIds.find((id) => id !== organisationId))).toEqual([]);
      // The duty finds it too: something changed a quarter of an hour ago, or it comes by in its turn.
      const lines = await prove();
      expect(lines).toHaveLength(named.length);
      for (const { state, difference } of named) {
        expect(lines).toContainEqual({
          ...{ code: 'ledger_broken', organisationId, mode, state, count: difference },
        });
      }
    },
  );

  it('cannot be hidden between two organisations or two modes', async () => {
    for (const place of [0, 1, 2, 3]) await put(place);
    const own = await firstReminderOf(1);
    await db.admin.query(`update reminders set organisation_id = $2 where id = $1`, [
      ...[own, organisationIds[0]],
    ]);
    await db.admin.query(`update reminders set mode = 'live' where id = $1`, [
      await firstReminderOf(2),
    ]);
    const found = await breaksOf();
    expect(found.map(({ difference }) => difference).sort()).toEqual([-1, -1, 2]);
    expect(await prove()).not.toEqual([]);
  });

  it('stays told until it is mended, whatever else happens in the meantime', async () => {
    await put(0);
    const reminderId = await firstReminderOf(0);
    await db.admin.query(`update reminders set state = 'delivered' where id = $1`, [reminderId]);
    expect(await prove()).toHaveLength(2);
    // So that neither time nor turn leads there again.
    await db.admin.query(`update events set created_at = now() - interval '20 minutes'`);
    await db.admin.query(
      `insert into ledger_proofs (proved_until, walked_to)
       values (pg_current_xact_id(), 'ffffffff-ffff-ffff-ffff-ffffffffffff')`,
    );
    expect(await prove()).toHaveLength(2);
    await db.admin.query(`update reminders set state = 'scheduled' where id = $1`, [reminderId]);
    expect(await prove()).toEqual([]);
    const { rowCount } = await db.admin.query('select from ledger_breaks');
    expect(rowCount).toBe(0);
  });

  it('stays told when there is more of it than before', async () => {
    await put(0);
    const reminderId = await firstReminderOf(0);
    const tellUndone = () =>
      db.admin.query(
        `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
           from_state, to_state)
         select organisation_id, mode, 'reminder.queued', 'visit-0', appointment_id, id, 'scheduled',
           'queued' from reminders where id = $1`,
        [reminderId],
      );
    await tellUndone();
    expect(await prove()).toHaveLength(2);
    await tellUndone();
    expect(await prove()).toHaveLength(2);
    const stored = 'select state, difference from ledger_breaks order by state';
    expect((await db.admin.query(stored)).rows).toEqual([
      { state: 'queued', difference: -2 },
      { state: 'scheduled', difference: 2 },
    ]);
  });

  it('is found though it was written by who began before a proof and ended after it', async () => {
    await put(0);
    const reminderId = await firstReminderOf(0);
    const connection = await db.admin.connect();
    await connection.query('begin');
    await connection.query(
      `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
         from_state, to_state)
       select organisation_id, mode, 'reminder.queued', 'visit-0', appointment_id, id, 'scheduled',
         'queued' from reminders where id = $1`,
      [reminderId],
    );
    await put(1);
    expect(await prove()).toEqual([]);
    await connection.query('commit');
    connection.release();
    await db.admin.query(
      `update ledger_proofs set walked_to = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
       where id = (select max(id) from ledger_proofs)`,
    );
    expect((await prove()).map(({ state }) => state)).toEqual(['queued', 'scheduled']);
  });
});

describe('a proof', () => {
  it('reads what changed, and of the rest a bounded number in turn', async () => {
    await put(0);
    await db.admin.query(
      `with a as (
         insert into appointments (id, organisation_id, mode, reference, state, version, starts_at,
           ends_at, erase_at)
         select gen_random_uuid(), $1, 'live', 'old-' || n, 'booked', 1, now(), now(), 'infinity'
         from generate_series(1, 5000) n returning id, organisation_id, mode, reference
       ), r as (
         insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel,
           channel, resolved_at, send_at, due_at, not_after, state)
         select gen_random_uuid(), organisation_id, mode, id, 'notice', 'sms', 'sms', now(), now(), now(),
           now(), 'delivered' from a returning id, appointment_id)
       insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, to_state,
         created_at)
       select a.organisation_id, a.mode, 'reminder.delivered', a.reference, a.id, r.id, 'delivered',
         now() - interval '16 minutes' from a join r on r.appointment_id = a.id`,
      [organisationIds[0]],
    );
    await db.admin.query(`insert into ledger_proofs (proved_until) values (pg_current_xact_id())`);
    await put(1);
    const rounds: { checked_count: number; walked_to: string }[] = [];
    for (let round = 0; round < 3; round += 1) {
      expect(await prove()).toEqual([]);
      const { rows } = await db.admin.query(
        'select checked_count, walked_to from ledger_proofs order by id desc limit 1',
      );
      rounds.push(rows[0]);
    }
    const counts = rounds.map((round) => round.checked_count);
    expect(counts.slice(0, 2)).toEqual([2_001, expect.closeTo(2_000, -1)]);
    // 5,002 are seen once in three rounds; then it begins again.
    expect(counts[2]).toBeLessThan(1_010);
    expect(rounds.at(-1)?.walked_to).toBe('00000000-0000-0000-0000-000000000000');
  });

  it('may be run by two at once', async () => {
    await put(0);
    const both = await Promise.allSettled([prove(), prove()]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });
});

describe('sotto ledger verify', () => {
  it('says what adds up and names what does not, by its exit code too', async () => {
    const sotto = sottoCommand(db);
    for (const place of [0, 1]) await put(place);
    const whole = await sotto('ledger', 'verify');
    expect(whole).toMatchObject({ code: 0, errors: '' });
    expect(whole.out).toContain('All of it adds up.');
    await db.admin.query(planted['a row that was deleted'].sql, [await firstReminderOf(1)]);
    const { organisationId } = keyOf(1);
    const words = await sotto('ledger', 'verify', '--organisation', organisationId);
    expect(words).toMatchObject({ code: 1, errors: '' });
    expect(words.out).toContain(`${organisationId} live: `);
    expect(words.out).toContain('  scheduled: 1 fewer than the events say\n');
    const json = await sotto('ledger', 'verify', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      addsUp: false,
      accounts: organisationIds.map((organisation) => ({
        ...{ organisation, mode: 'live', carried: 0 },
        breaks: organisation === organisationId ? [{ state: 'scheduled', difference: -1 }] : [],
      })),
    });
  });
});
