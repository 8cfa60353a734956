import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import {
  type OpsClient,
  type OpsSite,
  startOpsProcess,
  startOpsSite,
} from '../support/ops-site.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';

const why = { reason: 'the provider is back' };
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: OpsSite;
let operator: OpsClient;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = await startOpsSite(database);
  operator = await ops.visit('operator');
});
afterAll(async () => {
  await ops.close();
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  peer.forget();
  organisationId = await database.createOrganisation({ name: 'Redrive practice' });
});
afterEach(() => database.admin.query('truncate organisations, batches, events, audit cascade'));

type Seeding = Partial<Parameters<typeof bench.seed>[0]>;

/** Reminders as a hand-off leaves them that the provider refused for good. */
async function seedFailed(count: number, options: Seeding = {}): Promise<SeededReminder[]> {
  const seeded = await bench.seed({ organisationId, count, state: 'failed', ...options });
  const ids = seeded.map(({ id }) => id);
  await database.admin.query(
    `update reminders set reason_code = 'invalid_recipient', attempt_count = 1 where id = any($1)`,
    [ids],
  );
  await database.admin.query(
    `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
       batch_id, ended_at, outcome, reason_code)
     select gen_random_uuid(), organisation_id, mode, id, 1, channel, 'sms-twilio',
       decode(md5(id::text), 'hex'), gen_random_uuid(), now(), 'refused', 'invalid_recipient'
     from reminders where id = any($1)`,
    [ids],
  );
  return seeded;
}

async function failedOne(options: Seeding = {}): Promise<SeededReminder> {
  const [one] = await seedFailed(1, options);
  if (!one) throw new Error('not seeded');
  return one;
}

const rowOf = async ({ id }: SeededReminder) =>
  (await bench.rows('select * from reminders where id = $1', [id]))[0] ?? {};
const audits = () =>
  bench.rows(
    `select actor, action, organisation_id, subject, reason from audit where action <> 'ops.sign_in' order by id`,
  );
const pathOf = ({ id }: SeededReminder) => `/reminders/${id}/redrive`;
const press = (one: SeededReminder, by = operator) => by.post(pathOf(one), why);

describe('a failed reminder that is sent again', () => {
  it('goes out exactly once, with an event, and the reason in the audit', async () => {
    const [one] = await bench.seed({ organisationId, count: 1 });
    if (!one) throw new Error('not seeded');
    peer.answer = () => 'bad_number';
    await bench.drain();
    expect(await rowOf(one)).toMatchObject({ state: 'failed', reason_code: 'invalid_recipient' });
    peer.forget();
    const preview = await (await operator.get(pathOf(one))).text();
    expect(preview).toContain('Send again');
    expect(preview).not.toContain('second copy');
    const answer = await press(one);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')?.replace(/at=\d+&/, '')).toBe(
      `/appointments/${one.appointmentId}?done=redriven`,
    );
    expect(await rowOf(one)).toMatchObject({ state: 'scheduled', possible_duplicate: false });
    await bench.drain();
    expect(peer.accepted.map(({ to }) => to)).toEqual([one.phone]);
    expect(await rowOf(one)).toMatchObject({ state: 'sent' });
    expect(await audits()).toEqual([
      {
        actor: operator.name,
        action: 'reminder.redrive',
        organisation_id: organisationId,
        subject: one.id,
        reason: why.reason,
      },
    ]);
    const steps = await bench.rows(
      `select from_state, to_state, reason_code from events where from_state = 'failed'`,
    );
    expect(steps).toEqual([
      { from_state: 'failed', to_state: 'scheduled', reason_code: 'redriven' },
    ]);
  });

  it('goes out once when it is pressed many times at once', async () => {
    const one = await failedOne();
    const answers = await Promise.all(Array.from({ length: 4 }, () => press(one)));
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    await bench.drain();
    await press(one);
    await bench.drain();
    expect(peer.accepted).toHaveLength(1);
    expect(await audits()).toHaveLength(1);
  });

  it('gets a whole new series of attempts, however many it had', async () => {
    const [one] = await bench.seed({ organisationId, count: 1 });
    if (!one) throw new Error('not seeded');
    const exhaust = async (attempts: number) => {
      for (let made = 0; made < attempts; made += 1) {
        await database.admin.query(
          `update reminders set due_at = now() where state = 'scheduled' and id = $1`,
          [one.id],
        );
        await bench.drain({ transport: refusing });
      }
    };
    const refusing = {
      name: 'refusing',
      idempotency: { kind: 'none' } as const,
      send: async () =>
        ({ kind: 'refused', permanent: false, reason: 'provider_refused' }) as const,
      close: async () => {},
    };
    await exhaust(7);
    expect(await rowOf(one)).toMatchObject({ state: 'scheduled', attempt_count: 7 });
    await exhaust(1);
    expect(await rowOf(one)).toMatchObject({ state: 'failed', attempt_count: 8 });
    await press(one);
    await exhaust(7);
    expect(await rowOf(one)).toMatchObject({ state: 'scheduled', attempt_count: 15 });
    await exhaust(1);
    expect(await rowOf(one)).toMatchObject({ state: 'failed', attempt_count: 16 });
  });

  it.each(['accepted', 'uncertain'])('is flagged when an attempt was %s', async (outcome) => {
    const one = await failedOne();
    await database.admin.query('update attempts set outcome = $1, reason_code = null', [outcome]);
    expect(await (await operator.get(pathOf(one))).text()).toContain('second copy');
    await press(one);
    await bench.drain();
    expect(await rowOf(one)).toMatchObject({ state: 'sent', possible_duplicate: true });
    const [attempt] = await bench.rows('select * from attempts order by number desc limit 1');
    expect(attempt).toMatchObject({ possible_duplicate: true });
  });

  it('is not sent to somebody who has said stop meanwhile, nor while sending is paused', async () => {
    const [stopped, held] = await seedFailed(2);
    if (!stopped || !held) throw new Error('not seeded');
    await press(stopped);
    await bench.drain({ findSuppressed: async () => new Set([stopped.id]) });
    expect(await rowOf(stopped)).toMatchObject({ state: 'suppressed' });
    await operator.post('/controls/pause', { organisation: '', channel: '', ...why });
    await press(held);
    await bench.drain();
    expect(await rowOf(held)).toMatchObject({ state: 'scheduled' });
    expect(peer.requests()).toBe(0);
  });

  it('goes by the channel that can still be sent on', async () => {
    const one = await failedOne({ channels: ['sms', 'email'] });
    await database.admin.query(
      `update links set parcel = null, parcel_day = null where channel = 'sms'`,
    );
    expect(await (await operator.get(pathOf(one))).text()).toContain('by email');
    await press(one);
    expect(await rowOf(one)).toMatchObject({ state: 'scheduled', channel: 'email' });
  });
});

describe('a reminder is not sent again', () => {
  const refused: [string, string, string][] = [
    [
      'without a parcel',
      'update links set parcel = null, parcel_day = null',
      'Nothing is left that it could be sent from',
    ],
    [
      'whose link was revoked',
      'update links set revoked_at = now()',
      'Nothing is left that it could be sent from',
    ],
    [
      'with less than a minute left',
      `update reminders set not_after = now() + interval '50 s'`,
      'Too little time is left',
    ],
    [
      'whose deadline has passed',
      `update reminders set not_after = now() - interval '1 s'`,
      'Too little time is left',
    ],
  ];
  it.each(refused)('%s, and the page says why', async (_, change, words) => {
    const one = await failedOne();
    await database.admin.query(change);
    const preview = await (await operator.get(pathOf(one))).text();
    expect(preview).toContain(words);
    expect(preview).not.toContain('<textarea');
    const answer = await press(one);
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain(words);
    expect(await rowOf(one)).toMatchObject({ state: 'failed' });
    expect(await audits()).toEqual([]);
  });

  it('that is anything but failed', async () => {
    const one = await failedOne();
    for (const state of ['sent', 'delivered', 'cancelled', 'expired', 'scheduled', 'uncertain']) {
      await database.admin.query('update reminders set state = $1', [state]);
      const answer = await press(one);
      expect(answer.headers.get('location'), state).toContain('done=not-failed');
      expect(await rowOf(one)).toMatchObject({ state });
    }
    expect(await audits()).toEqual([]);
  });

  it('without a reason of five to five hundred characters, in words, and the form keeps what was typed', async () => {
    const one = await failedOne();
    for (const reason of [
      '',
      'abcd',
      '         ',
      '......',
      'read\u202e backwards',
      'x'.repeat(501),
    ]) {
      const answer = await operator.post(pathOf(one), { reason });
      expect(answer.status).toBe(422);
      const text = await answer.text();
      expect(text).toContain('<title>Error:');
      if (reason.trim() !== '') expect(text).toContain(`>${reason}</textarea>`);
    }
    expect(await rowOf(one)).toMatchObject({ state: 'failed' });
  });

  it('when the audit cannot be written', async () => {
    const one = await failedOne();
    await database.admin.query('revoke insert on audit from sotto_ops');
    expect((await press(one)).status).toBe(500);
    await database.admin.query('grant insert on audit to sotto_ops');
    expect(await rowOf(one)).toMatchObject({ state: 'failed', attempts_before_redrive: 0 });
    expect(await bench.rows(`select 1 from events where from_state = 'failed'`)).toEqual([]);
  });

  it('that nobody has', async () => {
    for (const id of [randomUUID(), 'nonsense', `${randomUUID()}0`]) {
      expect((await operator.get(`/reminders/${id}/redrive`)).status).toBe(404);
      expect((await operator.post(`/reminders/${id}/redrive`, why)).status).toBe(404);
    }
  });
});

describe('a redrive that meets somebody else', () => {
  /** Another transaction holds the row, as a PUT, a DELETE or the sweep does, and then decides. */
  async function against(one: SeededReminder, change: string): Promise<Response> {
    const other = await database.admin.connect();
    try {
      await other.query('begin');
      await other.query('select from reminders where id = $1 for update', [one.id]);
      const pressed = press(one);
      await waitFor(async () => {
        const waiting = await bench.rows(
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return waiting.length > 0;
      });
      await other.query(change);
      await other.query('commit');
      return await pressed;
    } finally {
      other.release();
    }
  }

  it.each([
    ['that cancels', `update reminders set state = 'cancelled'`, 303],
    ['that expires', `update reminders set state = 'expired'`, 303],
    ['that seals it anew', `delete from links`, 409],
    ['with late proof', `update reminders set state = 'delivered'`, 303],
  ])('%s leaves what that one decided', async (_, change, status) => {
    const one = await failedOne();
    expect((await against(one, change)).status).toBe(status);
    expect(await rowOf(one)).not.toMatchObject({ state: 'scheduled' });
    expect(await audits()).toEqual([]);
  });

  it('that holds on says so, and changes nothing', async () => {
    const one = await failedOne();
    const other = await database.admin.connect();
    await other.query('begin');
    await other.query('select from reminders where id = $1 for update', [one.id]);
    const answer = await press(one);
    await other.query('rollback');
    other.release();
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('Somebody else is changing this');
    expect(await rowOf(one)).toMatchObject({ state: 'failed' });
  });

  it('waits for nobody who holds the appointment, and so for no PUT that waits for it', async () => {
    const one = await failedOne();
    const other = await database.admin.connect();
    await other.query('begin');
    await other.query('select from appointments where id = $1 for update', [one.appointmentId]);
    const answer = await press(one);
    await other.query('rollback');
    other.release();
    expect(answer.status).toBe(303);
    expect(await rowOf(one)).toMatchObject({ state: 'scheduled' });
  });

  it('is over before the sweep that would expire it', async () => {
    const one = await failedOne();
    await press(one);
    await database.admin.query(`update reminders set not_after = now() - interval '1 s'`);
    await bench.expire();
    expect(await rowOf(one)).toMatchObject({ state: 'expired' });
    await bench.drain();
    expect(peer.requests()).toBe(0);
  });
});

describe('many failed reminders', () => {
  const form = (fields: Record<string, string>) => ({
    code: '',
    organisation: '',
    mode: '',
    ...why,
    ...fields,
  });

  it('are shown first, then go in slices that the audit tells of, each once', async () => {
    const seeded = await seedFailed(620);
    await database.admin.query(
      `update links set parcel = null, parcel_day = null where reminder_id = any($1)`,
      [seeded.slice(0, 20).map(({ id }) => id)],
    );
    const page = await (await operator.get('/redrive?code=invalid_recipient')).text();
    expect(page).toContain('<strong>600 reminders</strong> would go out');
    expect(page).toContain('20 reminders cannot');
    const press = (shown: number) =>
      operator.post('/redrive', form({ code: 'invalid_recipient', shown: String(shown) }));
    const answers = await Promise.all([press(600), press(600)]);
    expect(answers.some(({ headers }) => headers.get('location')?.includes('sent='))).toBe(true);
    // Of two at once one may come between the slices of the other, which then leaves the rest.
    const { scheduled = 0 } = await bench.states();
    expect(scheduled).toBeGreaterThan(0);
    if (scheduled < 600) expect((await press(600 - scheduled)).status).toBe(303);
    const rows = (await audits()).filter(({ action }) => action === 'reminders.redrive');
    const told = rows.map(({ subject }) => Number(/count=(\d+)$/.exec(String(subject))?.[1]));
    expect(told.reduce((one, other) => one + other, 0)).toBe(600);
    expect(Math.max(...told)).toBeLessThanOrEqual(500);
    expect(rows[0]).toMatchObject({ action: 'reminders.redrive', reason: why.reason });
    expect(await bench.states()).toEqual({ scheduled: 600, failed: 20 });
    await bench.drain();
    expect(peer.accepted).toHaveLength(600);
    expect(new Set(peer.accepted.map(({ to }) => to)).size).toBe(600);
  });

  it('are those of the filter and no others', async () => {
    const other = await database.createOrganisation();
    const mine = await seedFailed(2);
    await seedFailed(1, { mode: 'test' });
    await seedFailed(1, { organisationId: other });
    await database.admin.query(
      `update reminders set reason_code = 'provider_refused' where id = $1`,
      [mine[0]?.id],
    );
    const fields = form({ organisation: organisationId, mode: 'live', code: 'invalid_recipient' });
    await operator.post('/redrive', { ...fields, shown: '1' });
    const rows = await bench.rows(`select id from reminders where state = 'scheduled'`);
    expect(rows).toEqual([{ id: mine[1]?.id }]);
    expect(await audits()).toMatchObject([
      {
        organisation_id: organisationId,
        subject: 'code=invalid_recipient mode=live count=1',
      },
    ]);
  });

  it('stay where far more of them stand than were shown', async () => {
    await seedFailed(30);
    const answer = await operator.post('/redrive', form({ shown: '5' }));
    expect(answer.status).toBe(409);
    const page = await answer.text();
    expect(page).toContain('many more now');
    expect(page).toContain(`>${why.reason}</textarea>`);
    expect(await bench.states()).toEqual({ failed: 30 });
  });

  it('stay without a reason', async () => {
    await seedFailed(2);
    const answer = await operator.post('/redrive', { ...form({ shown: '2' }), reason: '' });
    expect(answer.status).toBe(422);
    expect(await bench.states()).toEqual({ failed: 2 });
    expect(await audits()).toEqual([]);
  });

  it('are none where the filter cannot be read', async () => {
    await seedFailed(2);
    for (const fields of [
      { organisation: 'nonsense' },
      { mode: 'both' },
      { code: "' or true --" },
    ]) {
      await operator.post('/redrive', form({ ...fields, shown: '9' }));
    }
    expect(await bench.states()).toEqual({ failed: 2 });
  });

  it('leave those that somebody else is changing', async () => {
    const [one] = await seedFailed(3);
    const other = await database.admin.connect();
    await other.query('begin');
    await other.query('select from reminders where id = $1 for update', [one?.id]);
    await operator.post('/redrive', form({ shown: '3' }));
    await other.query('rollback');
    other.release();
    expect(await bench.states()).toEqual({ failed: 1, scheduled: 2 });
  });

  it('go on from where a process died in between, each told and each sent once', async () => {
    await seedFailed(620);
    const slowSlice = `create or replace function wait_here() returns trigger language plpgsql as
        $$begin perform pg_advisory_xact_lock(77); return new; end$$;
      create trigger wait_here before insert on audit for each row
        when (new.subject like '%count=120') execute function wait_here()`;
    await database.admin.query(slowSlice);
    const holder = await database.admin.connect();
    await holder.query('select pg_advisory_lock(77)');
    const doomed = await startOpsProcess(database);
    const client = await ops.visit('operator');
    const asked = client.at(doomed.url).post('/redrive', form({ shown: '620' }));
    asked.catch(() => {});
    await waitFor(async () => (await bench.states()).scheduled === 500);
    doomed.signal('SIGKILL');
    await doomed.gone;
    await holder.query('select pg_advisory_unlock(77)');
    holder.release();
    await waitFor(async () => {
      const [left] = await bench.rows(
        `select count(*)::int as count from pg_locks where locktype = 'advisory' and objid = 77`,
      );
      return left?.count === 0;
    });
    await database.admin.query('drop trigger wait_here on audit');
    expect(await bench.states()).toEqual({ scheduled: 500, failed: 120 });
    await operator.post('/redrive', form({ shown: '120' }));
    expect((await audits()).map(({ subject }) => subject)).toEqual([
      'code=any mode=any count=500',
      'code=any mode=any count=120',
    ]);
    await bench.drain();
    expect(new Set(peer.accepted.map(({ to }) => to)).size).toBe(620);
    expect(peer.accepted).toHaveLength(620);
  });
});
