import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keptDaysMax } from '../../config/kept-days.ts';
import { administer } from '../../src/store/administration.ts';
import type { Database } from '../../src/store/database.ts';
import { carrySomeEvents } from '../../src/store/event-months.ts';
import type { LogFacts } from '../../src/telemetry/log.ts';
import { dropEventMonths } from '../../src/usecases/drop-event-months.ts';
import { listEvents } from '../../src/usecases/list-events.ts';
import { proveLedger } from '../../src/usecases/prove-ledger.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { verifyLedger } from '../../src/usecases/verify-ledger.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { ageEvents, oldMonths } from '../support/age-events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { balancedBooks } from '../support/doubts.ts';
import { createFaultPoint } from '../support/fault-point.ts';
import { sottoCommand } from '../support/sotto-command.ts';
import { waitFor } from '../support/wait-for.ts';
import { createWebhookBench, eventIdOf } from '../support/webhook-bench.ts';
import { startWebhookPeer, type WebhookPeer } from '../support/webhook-peer.ts';

let db: TestDatabase;
let scheduler: Database;
let ops: Database;
let owner: { organisationId: string; mode: 'test'; credentialId: string };
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let webhooks: ReturnType<typeof createWebhookBench>;
let peer: WebhookPeer;

beforeAll(async () => {
  db = await createTestDatabase();
  scheduler = db.open('scheduler');
  webhooks = createWebhookBench(db);
  peer = await startWebhookPeer();
  owner = { ...(await webhooks.addOrganisation()), mode: 'test' };
  testKeys = await createTestKeys([owner.organisationId]);
  accept = await createTestAccept({ database: webhooks.asApi, ...testKeys });
  ops = db.open('ops');
});
beforeEach(async () => {
  await db.admin.query(
    `truncate appointments, batches, events, carried_balances, carried_steps, carried_lives,
       carried_ends, event_months, ledger_breaks, webhook_endpoints cascade`,
  );
  for (const name of await oldMonths(db.admin)) await db.admin.query(`drop table ${name}`);
  peer.ledger.length = 0;
});
afterAll(async () => {
  await peer.close();
  await db.drop();
  await testKeys.remove();
});

const put = (reference: string) =>
  accept.put({
    ...{ organisationId: owner.organisationId, mode: owner.mode, reference },
    body: appointmentRequest({ reminders: [{ before: 'PT24H', channel: 'sms' }] }),
  });

/** What a step does to every reminder that is in a state, told as the code tells it. */
async function step(from: string, to: string, reasonCode: string | null = null): Promise<void> {
  await db.admin.query(
    `with changed as (update reminders set state = $2, batch_id = id, lease_until = now()
       where state = $1 returning *)
     insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
       to_state, reason_code)
     select c.organisation_id, c.mode, 'reminder.' || $2, a.reference, a.id, c.id, $1, $2, $3
     from changed c join appointments a on a.id = c.appointment_id`,
    [from, to, reasonCode],
  );
}

const drop = (database: Database = scheduler) =>
  dropEventMonths(
    { database, log: silentLog },
    { keep: keptDaysMax, stopping: new AbortController().signal },
  );

/** However busy the server is: a month that others hold for a moment is dropped in a later round. */
const dropWhole = () =>
  waitFor(async () => {
    await drop();
    return (await oldMonths(db.admin)).length === 0;
  });

/** Events are shown when no earlier transaction of the server can add any before them. */
const untilShown = () =>
  waitFor(async () => {
    const { rows } = await db.admin.query(
      'select events_horizon() > max(transaction_id) as shown from events',
    );
    return rows[0]?.shown === true;
  });

const verify = () =>
  verifyLedger(
    { transaction: (work) => administer(db.adminUrl, work) },
    { organisationId: owner.organisationId },
  );

/** Everything that may add up, and what was ever accepted. */
async function expectWhole(accepted: number): Promise<void> {
  const [account, ...others] = await verify();
  expect({ ...account, others }).toMatchObject({ accepted, breaks: [], others: [] });
  expect(await prove()).toEqual([]);
  await balancedBooks(ops);
}

async function prove(): Promise<LogFacts[]> {
  const lines: LogFacts[] = [];
  const error = (_: string, facts: LogFacts = {}) => void lines.push(facts);
  await proveLedger({ database: scheduler, log: { ...silentLog, error } });
  return lines;
}

/** Three reminders, one of them in doubt, with what is told of them spread over three old months. */
async function threeOldMonths(): Promise<void> {
  for (const reference of ['visit-1', 'visit-2', 'visit-3']) await put(reference);
  const where = `created_at > now() - interval '1 day'`;
  await ageEvents(db.admin, { days: 192, where });
  await step('scheduled', 'queued');
  await step('queued', 'sending');
  await ageEvents(db.admin, { days: 161, where });
  await step('sending', 'uncertain');
  await ageEvents(db.admin, { days: 130, where });
}

describe('a month of events that is over', () => {
  it('is dropped, and the ledger and the books of doubts go on adding up over it', async () => {
    await threeOldMonths();
    expect(await oldMonths(db.admin)).toHaveLength(3);
    await expectWhole(3);
    await drop();
    expect(await oldMonths(db.admin)).toEqual([]);
    expect((await db.admin.query('select from events')).rowCount).toBe(0);
    await expectWhole(3);

    // What comes later is proved against what was carried.
    await step('uncertain', 'delivered');
    await put('visit-4');
    await expectWhole(4);
    await db.admin.query('update appointments set erase_at = now()');
    await retireExpired({ database: scheduler, log: silentLog });
    await expectWhole(4);
    expect((await db.admin.query('select from carried_lives')).rowCount).toBe(0);
    const words = await sottoCommand(db)(
      'ledger',
      'verify',
      '--organisation',
      owner.organisationId,
    );
    expect(words).toMatchObject({ code: 0, errors: '' });
    expect(words.out).toContain('4 accepted, 0 here, 4 deleted when their time was over');
  });

  it('leaves enough to find a reminder that was changed after all its events were dropped', async () => {
    await threeOldMonths();
    await drop();
    const one = `(select id from reminders limit 1)`;
    await db.admin.query(`update reminders set state = 'delivered' where id = ${one}`);
    expect((await prove()).map(({ state, count }) => [state, count]).sort()).toEqual([
      ['delivered', 1],
      ['uncertain', -1],
    ]);
    expect((await verify())[0]?.breaks).toHaveLength(2);
    await db.admin.query(`delete from reminders where state = 'delivered'`);
    expect((await prove()).map(({ state, count }) => [state, count])).toEqual([['uncertain', -1]]);
  });

  it('is carried and dropped once, wherever a process dies on the way', async () => {
    await threeOldMonths();
    let isDone = false;
    for (let at = 1; !isDone; at += 1) {
      for (const mode of ['die_before', 'die_after'] as const) {
        const fault = createFaultPoint({ at, mode });
        await Promise.race([drop(fault.database(scheduler)), fault.died]);
        isDone = !fault.dead;
        // Until it is rolled back, the dead holds its turn and its locks.
        await waitFor(() => fault.begun() === 0);
        expect((await verify())[0]).toMatchObject({ accepted: 3, breaks: [] });
      }
    }
    expect(await oldMonths(db.admin)).toEqual([]);
    await expectWhole(3);
    const { rows } = await db.admin.query('select sum(count)::int as count from carried_steps');
    expect(rows).toEqual([{ count: 12 }]);
  });

  it('is carried and dropped once by two at a time, while appointments are deleted', async () => {
    for (let number = 0; number < 40; number += 1) await put(`visit-${number}`);
    await ageEvents(db.admin, { days: 130 });
    await db.admin.query(`update appointments set erase_at = now() where reference like '%5'`);
    // Each gives up where the others are at the events for too long.
    const unlessHeld = (error: { code?: string }) => {
      if (error.code !== '55P03') throw error;
    };
    await Promise.all([
      drop().catch(unlessHeld),
      drop(db.open('scheduler')).catch(unlessHeld),
      retireExpired({ database: db.open('scheduler'), log: silentLog }),
    ]);
    // Whoever did not get its turn has it in the next round.
    await dropWhole();
    await retireExpired({ database: scheduler, log: silentLog });
    await expectWhole(40);
    expect((await db.admin.query('select from carried_lives')).rowCount).toBe(36);
  });

  it('is left alone until the last of it is ninety days old', async () => {
    await put('visit-1');
    await ageEvents(db.admin, { days: 91 });
    const [name = ''] = await oldMonths(db.admin);
    const month = name.slice(-7).replace('_', '-');
    const over = Temporal.PlainYearMonth.from(month).add({ months: 1 }).toPlainDate({ day: 1 });
    const isOver =
      Temporal.PlainDate.compare(over.add({ days: 91 }), Temporal.Now.plainDateISO('UTC')) <= 0;
    await drop();
    expect(await oldMonths(db.admin)).toHaveLength(isOver ? 0 : 1);
  });
});

describe('nobody can have a month dropped', () => {
  const dropped = (month: string, days: number) =>
    scheduler.query<{ dropped: boolean }>('select drop_event_month($1, $2) as dropped', [
      month,
      days,
    ]);
  const carry = (month: string) => scheduler.query('select carry_event_month($1)', [month]);
  const oldest = async () => {
    const [name = ''] = await oldMonths(db.admin);
    return `${name.slice(-7).replace('_', '-')}-01`;
  };

  it('that is not carried, whatever the place of scheduler says of it', async () => {
    await put('visit-1');
    await ageEvents(db.admin, { days: 130 });
    const month = await oldest();
    expect(await dropped(month, 90)).toEqual([{ dropped: false }]);
    const lies = [
      `insert into event_months (month) values ('${month}')`,
      'update event_months set carried_at = now()',
      'update event_months set dropped_at = now()',
      `update event_months set carried_to = 'ffffffff-ffff-ffff-ffff-ffffffffffff'`,
      'update carried_steps set count = 1',
      `insert into carried_steps (month, organisation_id, mode, to_state, count)
         values ('${month}', '${owner.organisationId}', 'test', 'sent', 1)`,
    ];
    const lie = async () => {
      for (const text of lies) {
        await expect(scheduler.query(text), text).rejects.toMatchObject({ code: '42501' });
      }
    };
    await lie();
    // Half of it is carried: one page, and not the end.
    expect(await carry(month)).toEqual([{ carry_event_month: true }]);
    await lie();
    expect(await dropped(month, 7)).toEqual([{ dropped: false }]);
    expect((await db.admin.query('select from events')).rowCount).toBeGreaterThan(0);
  });

  it('that is younger than the database is told to keep, nor carried before', async () => {
    const today = Temporal.Now.plainDateISO('UTC');
    const current = `${today.subtract({ days: 8 }).toPlainYearMonth()}-01`;
    await put('visit-1');
    await carry(current);
    expect((await db.admin.query('select from event_months')).rowCount).toBe(0);
    await ageEvents(db.admin, { days: 130 });
    const month = await oldest();
    await db.admin.query(
      'insert into event_months (month, carried_at) values ($1, now()), ($2, now())',
      [...[month, current]],
    );
    const keepAtLeast = (days: number) =>
      db.admin.query('update kept_floors set events_days = $1', [days]);
    expect(await dropped(month, 1_000)).toEqual([{ dropped: false }]);
    await keepAtLeast(131);
    expect(await dropped(month, 0)).toEqual([{ dropped: false }]);
    expect(await oldMonths(db.admin)).toHaveLength(1);
    await keepAtLeast(7);
    expect(await dropped(current, 0)).toEqual([{ dropped: false }]);
    await keepAtLeast(90);
    expect(await dropped(month, 0)).toEqual([{ dropped: true }]);
  });

  it('nor anything else deleted, but by the database’s clock where ours is less than an hour off', async () => {
    for (const reference of ['over', 'ahead', 'behind']) await put(reference);
    await db.admin.query(
      `update links l set expires_at = now() + case a.reference when 'over' then interval '-1 minute'
         when 'ahead' then interval '30 minutes' else interval '-30 minutes' end
       from appointments a where a.id = l.appointment_id`,
    );
    const left = async () =>
      (
        await db.admin.query(
          `select distinct a.reference from links l join appointments a on a.id = l.appointment_id`,
        )
      ).rows.map(({ reference }) => reference);
    const retire = (minutes: number) => {
      const now = () => Temporal.Now.instant().add({ minutes });
      return retireExpired({ database: scheduler, now, log: silentLog });
    };
    for (const minutes of [-61, 61]) {
      await expect(retire(minutes)).rejects.toMatchObject({ code: 'internal' });
    }
    expect(await left()).toHaveLength(3);
    for (const minutes of [-59, 59]) await retire(minutes);
    expect(await left()).toEqual(['ahead']);
  });

  it('nor anything else deleted, on the word of one clock', async () => {
    await put('visit-1');
    await ageEvents(db.admin, { days: 130 });
    await db.admin.query('update appointments set erase_at = now()');
    await db.admin.query('update links set expires_at = now()');
    for (const hours of [-2, 2]) {
      const now = () => Temporal.Now.instant().add({ hours });
      await expect(
        retireExpired({ database: scheduler, now, log: silentLog }),
      ).rejects.toMatchObject({ code: 'internal' });
    }
    for (const table of ['appointments', 'links', 'events']) {
      expect((await db.admin.query(`select from ${table}`)).rowCount, table).toBeGreaterThan(0);
    }
  });
});

describe('whoever reads or writes at that moment', () => {
  it('with a snapshot of its own is waited for, and the month is dropped after it', async () => {
    await threeOldMonths();
    const { promise: counted, resolve: onCounted } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    const reading = scheduler.transaction(
      [],
      async (connection) => {
        const before = await connection.query('select count(*)::int as count from events');
        onCounted();
        await mayEnd;
        const after = await connection.query('select count(*)::int as count from events');
        return [before.rows[0].count, after.rows[0].count];
      },
      { snapshot: true },
    );
    await counted;
    await expect(drop()).rejects.toMatchObject({ code: '55P03' });
    await expectWhole(3);
    end();
    expect(await reading).toEqual([15, 15]);
    await drop();
    await expectWhole(3);
  });

  it('sees a month dropped and its balance counted together, or neither', async () => {
    await threeOldMonths();
    const dropping = await db.admin.connect();
    try {
      const [name = ''] = await oldMonths(db.admin);
      const month = `${name.slice(-7).replace('_', '-')}-01`;
      const carry = () =>
        scheduler.transaction([], (connection) => carrySomeEvents(connection, month));
      while (await carry());
      await dropping.query('begin');
      await dropping.query('select drop_event_month($1, 90)', [month]);
      const proving = Promise.all([verify(), prove(), balancedBooks(ops)]);
      await waitFor(async () => {
        const { rows } = await db.admin.query(
          `select count(*)::int as count from pg_locks where relation = 'events'::regclass and not granted`,
        );
        return rows[0].count >= 2;
      });
      await dropping.query('commit');
      const [[account], lines] = await proving;
      expect(account).toMatchObject({ accepted: 3, breaks: [] });
      expect(lines).toEqual([]);
    } finally {
      dropping.release();
    }
  });

  it('writes on: who drops gives up before a request would', async () => {
    await threeOldMonths();
    const writing = await db.admin.connect();
    try {
      await writing.query('begin');
      await writing.query(
        `insert into events (organisation_id, mode, type, reference, appointment_id)
         values ($1, 'test', 'appointment.accepted', 'visit-9', gen_random_uuid())`,
        [owner.organisationId],
      );
      const dropped = drop().catch((error: { code: string }) => error.code);
      // Behind a lock that is waited for, and within the quarter of a second that a request waits for one.
      for (let number = 10; number < 20; number += 1) await put(`visit-${number}`);
      expect(await dropped).toBe('55P03');
    } finally {
      await writing.query('rollback');
      writing.release();
    }
    await drop();
    expect(await oldMonths(db.admin)).toEqual([]);
  });
});

describe('whoever stood before what is kept', () => {
  const page = (after?: string, limit = 2) =>
    listEvents({ database: webhooks.asApi }, { ...owner, after, limit });

  it('is told so, and loses nothing by beginning anew; whoever had read it all goes on', async () => {
    await put('visit-1');
    await untilShown();
    const first = await page(undefined, 1);
    const whole = await page(undefined, 100);
    const { next: now } = await page('now');
    await ageEvents(db.admin, { days: 130 });
    expect((await page(first.next ?? '')).events).toHaveLength(1);
    await dropWhole();
    await put('visit-2');
    await untilShown();
    const kept = (await page()).events;
    expect(kept.map(({ reference }) => reference)).toEqual(['visit-2', 'visit-2']);
    await expect(page(first.next ?? '')).rejects.toMatchObject({ code: 'cursor_too_old' });
    expect((await page(whole.next ?? '')).events).toEqual(kept);
    expect((await page(now ?? '')).events).toEqual(kept);
    // Another organisation, of whom nothing was dropped, may stand where it likes.
    const other = { ...owner, organisationId: await db.createOrganisation() };
    const theirs = await listEvents(
      { database: db.open('api') },
      { ...other, after: first.next ?? '' },
    );
    expect(theirs.events).toEqual([]);
  });

  it('is no reader of all that is kept, though events of a kept month stand before those of a dropped', async () => {
    await put('visit-1');
    await put('visit-2');
    // As where a transaction that began first wrote last, at midnight between two months.
    await ageEvents(db.admin, { days: 130, where: `reference = 'visit-2'` });
    await dropWhole();
    await put('visit-3');
    await untilShown();
    const seen: string[] = [];
    let after: string | undefined;
    for (;;) {
      const { events, next } = await page(after, 1);
      if (!next) break;
      seen.push(...events.map(({ reference }) => reference ?? ''));
      after = next;
    }
    expect(seen).toEqual(['visit-3', 'visit-3']);
  });

  it('is an endpoint that was off for long: it is told when it is turned on, and replays', async () => {
    const { id: endpointId, position } = await webhooks.api.createWebhookEndpoint({
      ...owner,
      url: `${peer.url}/hook`,
    });
    const key = { ...owner, endpointId };
    await webhooks.api.changeWebhookEndpoint({ ...key, enabled: false });
    await webhooks.addEvents(owner, 3);
    await ageEvents(db.admin, { days: 130 });
    await dropWhole();
    const kept = await webhooks.addEvents(owner, 2);
    const tooOld = { code: 'cursor_too_old' };
    await expect(
      webhooks.api.changeWebhookEndpoint({ ...key, enabled: true }),
    ).rejects.toMatchObject(tooOld);
    await expect(
      webhooks.api.replayWebhookEvents({ ...key, after: position }),
    ).rejects.toMatchObject(tooOld);
    await webhooks.api.replayWebhookEvents({ ...key, after: null });
    await webhooks.api.changeWebhookEndpoint({ ...key, enabled: true });
    await webhooks.settle(webhooks.openSender());
    expect(peer.ledger.map(eventIdOf)).toEqual(kept);
  });

  it('is an endpoint that fell behind while it was on: it is disabled, and an event says why', async () => {
    const { id: endpointId } = await webhooks.api.createWebhookEndpoint({
      ...owner,
      url: `${peer.url}/hook`,
    });
    await webhooks.addEvents(owner, 3);
    await ageEvents(db.admin, { days: 130 });
    await dropWhole();
    await webhooks.addEvents(owner, 1);
    await webhooks.settle(webhooks.openSender());
    expect(peer.ledger).toEqual([]);
    expect(await webhooks.api.readWebhookEndpoint({ ...owner, endpointId })).toMatchObject({
      disabled: { reason: 'events_gone' },
    });
    const types = (await page(undefined, 100)).events.map(({ type }) => type);
    expect(types).toEqual(['reminder.sent', 'endpoint.disabled']);
  });
});
