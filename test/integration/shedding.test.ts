import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import { refusalReasons, refusingSign } from '../../src/domain/duty-silence.ts';
import { AppError } from '../../src/domain/errors.ts';
import { onceCompared } from '../../src/usecases/once-compared.ts';
import { createRefusalSigns } from '../../src/usecases/refusal-signs.ts';
import {
  appointmentRequest,
  createTestAccept,
  createTestKeys,
  silentLog,
} from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const minute = 60_000;
/** The same for all requests of a test: two that say the same must not stand a minute apart. */
let begun: Temporal.Instant;
let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  peer = await startMessagesPeer();
  bench = createDispatchBench(db, peer);
});
afterAll(async () => {
  await peer.close();
  await db.drop();
  await testKeys.remove();
});
beforeEach(async () => {
  begun = Temporal.Now.instant().round('minute');
  await db.admin.query('truncate appointments, batches, heartbeats, pauses, send_checks cascade');
});

/** A process of its own: it remembers nothing of the tests before. */
const startApi = () => createTestAccept({ database: db.open('api', 2), ...testKeys });

let counter = 0;
const key = () => ({ organisationId, mode: 'live', reference: `ref-${++counter}` }) as const;
const body = (minutes: number, change: Partial<AppointmentRequest> = {}) =>
  appointmentRequest({
    start: begun.add({ minutes }).toString(),
    recipient: { phone: '+33612345678', language: 'fr', pin: '482913' },
    reminders: [{ before: 'PT5M', channel: 'sms' }],
    ...change,
  });
const backlog = (minutes: number) =>
  bench.seed({ organisationId, count: 3, dueInMs: -minutes * minute });
const refused = (pointer: string) => ({
  code: 'overloaded',
  retryAfterS: 30,
  fields: [{ pointer, code: 'channel_behind' }],
});

async function storedOf(reference: string) {
  const { rows } = await db.admin.query(
    `select state, version from appointments where reference = $1 and deleted_at is null`,
    [reference],
  );
  return rows;
}

/** One that the patient has been told of, for a start in so many minutes. */
async function told(minutes: number) {
  const where = key();
  const api = await startApi();
  const answer = await api.put({ ...where, body: body(minutes) });
  await db.admin.query(
    `update reminders set state = 'sent', sent_at = now() where appointment_id = $1`,
    [answer.id],
  );
  await db.admin.query('update links set attempted_at = now() where appointment_id = $1', [
    answer.id,
  ]);
  return where;
}

describe('a channel that is twenty minutes behind', () => {
  it('what would come too late is refused and leaves nothing; what is due later, or of use for long enough, is not', async () => {
    const api = await startApi();
    await backlog(20);
    const late = key();
    await expect(api.put({ ...late, body: body(8) })).rejects.toMatchObject(refused('/reminders'));
    expect(await storedOf(late.reference)).toEqual([]);
    for (const change of [
      body(60 * 24 * 30),
      // Due in three quarters of an hour.
      body(50),
      body(55, { reminders: [{ before: 'PT50M', channel: 'sms' }] }),
    ]) {
      expect(await api.put({ ...key(), body: change })).toMatchObject({ created: true });
    }
  });

  it('others of the same commit are accepted', async () => {
    const api = await startApi();
    await backlog(20);
    const bodies = [body(8), body(120), body(9), body(600)];
    const done = await Promise.allSettled(bodies.map((one) => api.put({ ...key(), body: one })));
    expect(done.map(({ status }) => status)).toEqual([
      ...['rejected', 'fulfilled', 'rejected', 'fulfilled'],
    ]);
  });

  it('is over as soon as what waited has gone out', async () => {
    await backlog(20);
    const where = key();
    await expect((await startApi()).put({ ...where, body: body(8) })).rejects.toMatchObject({
      code: 'overloaded',
    });
    await bench.drain();
    expect(peer.accepted.length).toBeGreaterThan(0);
    await (await startApi()).put({ ...where, body: body(8) });
    expect(await storedOf(where.reference)).toMatchObject([{ version: 1 }]);
  });

  it('holds up nobody else: another organisation, mode or channel', async () => {
    const api = await startApi();
    await backlog(20);
    const other = await db.createOrganisation();
    await testKeys.keys.ensureViewKeys({ organisationIds: [other], months: testKeys.months });
    await api.put({ ...key(), organisationId: other, body: body(8) });
    await api.put({ ...key(), mode: 'test', body: body(8) });
    const email = { email: 'somebody@sotto.email', language: 'fr', pin: '482913' };
    const reminders = [{ before: 'PT5M', channel: 'email' }] as const;
    await api.put({ ...key(), body: body(8, { recipient: email, reminders: [...reminders] }) });
  });

  it('a move whose notice would come too late is refused whole, and said so; without the notice it is accepted', async () => {
    const where = await told(30);
    await backlog(20);
    const api = await startApi();
    const moved = (change = {}) => api.put({ ...where, body: body(60 * 48, change) });
    await expect(moved()).rejects.toMatchObject(refused('/notice'));
    expect(await storedOf(where.reference)).toMatchObject([{ version: 1 }]);
    expect(await moved({ notice: 'none' })).toMatchObject({ version: 2 });
  });

  it('a cancellation always passes, and so does a PUT that adds nothing', async () => {
    const [deleted, cancelled, same] = [await told(8), await told(8), await told(8)] as const;
    const fresh = key();
    const pending = await (await startApi()).put({ ...fresh, body: body(9) });
    await backlog(20);
    const api = await startApi();
    await expect(api.put({ ...key(), body: body(8) })).rejects.toMatchObject({
      code: 'overloaded',
    });
    await api.remove({ ...deleted, erase: false });
    const answer = await api.put({ ...cancelled, body: body(8, { status: 'cancelled' }) });
    // Told, however late: it is worth more than nothing.
    expect(answer.reminders.map(({ state }) => state)).toContain('scheduled');
    await api.put({ ...same, body: body(8) });
    const again = await api.put({ ...fresh, body: body(9, { revision: 4 }) });
    expect(again.reminders[0]?.id).toBe(pending.reminders[0]?.id);
    await api.put({ ...key(), body: body(8, { status: 'cancelled', notice: 'now' }) });
  });
});

describe('is not behind', () => {
  const accepted = async () => {
    await (await startApi()).put({ ...key(), body: body(8) });
  };

  it.each([
    ['all', null, null],
    ['the organisation', 'own', null],
    ['its channel', 'own', 'sms'],
  ])('what a person has paused, or had a moment ago: %s', async (_, whose, channel) => {
    await backlog(20);
    const owner = whose && organisationId;
    await db.admin.query(
      `insert into pauses (id, organisation_id, channel, reason) values (gen_random_uuid(), $1, $2, 'x')`,
      [owner, channel],
    );
    await accepted();
    await db.admin.query('update pauses set ended_at = now()');
    await accepted();
    await db.admin.query(`update pauses set ended_at = now() - interval '19 minutes'`);
    await expect(accepted()).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('an appointment that was stored differently and waits to be put again', async () => {
    await backlog(20);
    await db.admin.query('update appointments set paused_at = now()');
    await accepted();
  });

  it('who has the booking system asked, which may be what is waited for', async () => {
    await backlog(20);
    await db.admin.query(
      `insert into send_checks (id, organisation_id, mode, url)
       values (gen_random_uuid(), $1, 'live', 'https://booking.example')`,
      [organisationId],
    );
    await accepted();
  });

  it('what goes on by another link, since every worker finds its provider down', async () => {
    await bench.seed({ organisationId, count: 3, dueInMs: -20 * minute, channels: ['email'] });
    const recipient = {
      ...{ phone: '+33612345678', email: 'somebody@sotto.email' },
      ...{ language: 'fr', pin: '482913' },
    };
    const both = body(8, { recipient, reminders: [{ before: 'PT5M', channel: 'auto' }] });
    const put = async () => (await startApi()).put({ ...key(), body: both });
    await expect(put()).rejects.toMatchObject({ code: 'overloaded' });
    await db.admin.query(
      `insert into heartbeats (name, instance, version) values
       ('dispatch', 'a', '0'), ('held-up email live', 'a', '0')`,
    );
    await put();
    await db.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'b', '0')`,
    );
    await expect(put()).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('a database that is not known to be whole', () => {
  afterEach(() => db.admin.query('update database_lives set run = null'));

  it('takes no PUT, but a DELETE; then it takes what is repeated', async () => {
    const api = await startApi();
    const where = key();
    await api.put({ ...where, body: body(600) });
    await db.admin.query(`update database_lives set run = 'of another start'`);
    const fresh = key();
    const refusals = await Promise.allSettled(
      [where, fresh].map((one) => api.put({ ...one, body: body(600) })),
    );
    expect(refusals).toMatchObject([
      { reason: { code: 'restoring', retryAfterS: 3 } },
      { reason: { code: 'restoring', retryAfterS: 3 } },
    ]);
    expect(await storedOf(fresh.reference)).toEqual([]);
    expect(await api.remove({ ...where, erase: false })).toMatchObject({ state: 'cancelled' });
    await db.admin.query('update database_lives set run = current_run()');
    await api.put({ ...fresh, body: body(600) });
    expect(await storedOf(fresh.reference)).toMatchObject([{ version: 1 }]);
  });

  it('has no setting changed that a replay would take away', async () => {
    const asApi = db.open('api', 1);
    const done: number[] = [];
    const change = onceCompared(asApi, async (value: number) => void done.push(value));
    await db.admin.query(`update database_lives set run = ''`);
    await expect(change(1)).rejects.toMatchObject({ code: 'restoring' });
    await db.admin.query('update database_lives set run = null');
    await change(2);
    expect(done).toEqual([2]);
  });
});

describe('who refuses', () => {
  it('leaves a sign of why, once for many', async () => {
    const tell = createRefusalSigns({
      ...{ database: db.open('api', 1), log: silentLog, nowMs: () => 0 },
    });
    const late = { fields: [{ pointer: '/notice', code: 'channel_behind' }] } as const;
    const refusals = [
      new AppError('overloaded'),
      new AppError('overloaded', late),
      ...[new AppError('overloaded', late), new AppError('restoring'), new AppError('busy')],
    ];
    for (const error of refusals) {
      await expect(tell(undefined, () => Promise.reject(error))).rejects.toBe(error);
    }
    const throwing = () => {
      throw new AppError('overloaded');
    };
    expect(() => tell(undefined, throwing)).toThrow('overloaded');
    const signs = async () =>
      (await db.admin.query('select name from heartbeats order by name')).rows.map(
        ({ name }) => name,
      );
    await waitFor(async () => (await signs()).length === 3);
    expect(await signs()).toEqual(refusalReasons.map(refusingSign));
  });
});
