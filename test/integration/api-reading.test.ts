import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scope } from '../../src/domain/scope.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';

let fixture: ApiFixture;
beforeAll(async () => {
  fixture = await createApiFixture();
});
afterAll(() => fixture.close());

interface Row {
  organisationId: string;
  mode?: 'test' | 'live';
  reference: string;
  state?: string;
  deletedAt?: string;
}

async function addAppointment(row: Row): Promise<string> {
  const id = randomUUID();
  await fixture.database.admin.query(
    `insert into appointments (id, organisation_id, mode, reference, state, version, revision,
       starts_at, ends_at, deleted_at, erase_at)
     values ($1, $2, $3, $4, $5, 2, 7, now() + '1 day', now() + '1 day', $6, now() + '99 days')`,
    [
      id,
      row.organisationId,
      row.mode ?? 'test',
      row.reference,
      row.state ?? 'booked',
      row.deletedAt,
    ],
  );
  return id;
}

async function addReminder(
  organisationId: string,
  appointmentId: string,
  columns: Record<string, unknown> = {},
): Promise<string> {
  const row: Record<string, unknown> = {
    id: randomUUID(),
    organisation_id: organisationId,
    mode: 'test',
    appointment_id: appointmentId,
    kind: 'planned',
    requested_channel: 'auto',
    channel: 'email',
    before: 'P1D',
    resolved_at: new Date(),
    send_at: new Date(),
    due_at: new Date(),
    not_after: new Date(Date.now() + 86_400_000),
    state: 'scheduled',
    ...columns,
  };
  const names = Object.keys(row);
  await fixture.database.admin.query(
    `insert into reminders (${names.join(', ')})
     values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
  return row.id as string;
}

const get = (url: string, key: string) => fixture.request({ method: 'GET', url, key });

const newKey = async (scopes?: Scope[]) => {
  const organisationId = await fixture.database.createOrganisation();
  return { organisationId, key: await fixture.key({ organisationId, ...(scopes && { scopes }) }) };
};

describe('GET an appointment', () => {
  it('tells states, and with scope status what became of each reminder, never when it is', async () => {
    const { organisationId, key } = await newKey(['status']);
    const id = await addAppointment({ organisationId, reference: 'visit-1' });
    const sentAt = new Date('2026-11-20T08:00:00.123Z');
    const first = await addReminder(organisationId, id, {
      state: 'delivered',
      sent_at: sentAt,
      delivered_at: new Date('2026-11-20T08:00:05Z'),
      send_at: new Date('2026-11-20T08:00:00Z'),
    });
    const second = await addReminder(organisationId, id, {
      state: 'skipped',
      skipped_reason: 'booked_late',
    });
    const answer = await get('/v1/appointments/visit-1', key);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      id,
      reference: 'visit-1',
      version: 2,
      revision: 7,
      state: 'booked',
      locked: false,
      reminders: [
        {
          id: first,
          channel: 'auto',
          state: 'delivered',
          sentAt: '2026-11-20T08:00:00.123Z',
          deliveredAt: '2026-11-20T08:00:05.000Z',
          reasonCode: null,
        },
        {
          id: second,
          channel: 'auto',
          state: 'skipped',
          skipped: 'booked_late',
          sentAt: null,
          deliveredAt: null,
          reasonCode: null,
        },
      ],
    });
  });

  it('tells no more than states with scope write alone', async () => {
    const { organisationId, key } = await newKey(['write']);
    const id = await addAppointment({ organisationId, reference: 'visit-1' });
    await addReminder(organisationId, id, { state: 'sent', sent_at: new Date() });
    const { reminders, ...rest } = (await get('/v1/appointments/visit-1', key)).json();
    expect(Object.keys(rest).sort()).toEqual(['id', 'reference', 'revision', 'state', 'version']);
    expect(Object.keys(reminders[0]).sort()).toEqual(['channel', 'id', 'state']);
  });

  it('tells of a lock-out', async () => {
    const { organisationId, key } = await newKey();
    const id = await addAppointment({ organisationId, reference: 'visit-1' });
    await fixture.database.admin.query(
      `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at)
       values ($1, $2, 'pin', 10, now())`,
      [organisationId, id],
    );
    expect((await get('/v1/appointments/visit-1', key)).json()).toMatchObject({ locked: true });
  });

  it('shows the newest tombstone, until the reference is used anew', async () => {
    const { organisationId, key } = await newKey();
    const row = { organisationId, reference: 'visit-1' };
    await addAppointment({ ...row, state: 'erased', deletedAt: '2026-11-01' });
    const newest = await addAppointment({ ...row, state: 'cancelled', deletedAt: '2026-11-02' });
    expect((await get('/v1/appointments/visit-1', key)).json()).toMatchObject({
      id: newest,
      state: 'cancelled',
    });
    const live = await addAppointment(row);
    expect((await get('/v1/appointments/visit-1', key)).json()).toMatchObject({ id: live });
  });

  it('answers the same 404, byte for byte, for what is not there, foreign, or impossible', async () => {
    const { organisationId, key } = await newKey();
    const foreign = await fixture.database.createOrganisation();
    await addAppointment({ organisationId: foreign, reference: 'theirs' });
    await addAppointment({ organisationId, mode: 'live', reference: 'other-mode' });
    const answers = await Promise.all(
      ['nowhere', 'theirs', 'other-mode', 'with%20space', 'x'.repeat(900)].map((reference) =>
        get(`/v1/appointments/${reference}`, key),
      ),
    );
    const seen = answers.map(({ statusCode, headers: { date, ...headers }, body }) =>
      JSON.stringify({ statusCode, headers, body }),
    );
    expect(answers[0]?.statusCode).toBe(404);
    expect(new Set(seen).size).toBe(1);
  });
});

describe('GET the list of appointments', () => {
  it('pages through every reference once, in order, and ends', async () => {
    const { organisationId, key } = await newKey();
    const references = Array.from(
      { length: 23 },
      (_, n) => `visit-${String(n * 7).padStart(3, '0')}`,
    );
    for (const reference of references) await addAppointment({ organisationId, reference });
    await addAppointment({
      organisationId,
      reference: 'visit-gone',
      state: 'erased',
      deletedAt: '2026-11-02',
    });
    await addAppointment({
      organisationId,
      reference: 'visit-gone',
      state: 'cancelled',
      deletedAt: '2026-11-01',
    });
    await addAppointment({
      organisationId,
      reference: 'visit-000',
      state: 'cancelled',
      deletedAt: '2026-11-01',
    });
    await addAppointment({ organisationId, mode: 'live', reference: 'visit-live' });
    await addAppointment({
      organisationId: await fixture.database.createOrganisation(),
      reference: 'visit-foreign',
    });

    const seen: string[] = [];
    let next: string | null = '';
    let pages = 0;
    while (next !== null) {
      const query: string = next === '' ? '' : `&after=${next}`;
      const page = (await get(`/v1/appointments?limit=5${query}`, key)).json();
      seen.push(
        ...page.appointments.map(
          (each: { reference: string; state: string }) => `${each.reference} ${each.state}`,
        ),
      );
      next = page.next;
      pages += 1;
    }
    expect(seen).toEqual([
      ...[...references].sort().map((reference) => `${reference} booked`),
      'visit-gone erased',
    ]);
    expect(pages).toBe(5);
  });

  it('filters by state', async () => {
    const { organisationId, key } = await newKey();
    await addAppointment({ organisationId, reference: 'a' });
    await addAppointment({ organisationId, reference: 'b', state: 'cancelled' });
    await addAppointment({
      organisationId,
      reference: 'c',
      state: 'cancelled',
      deletedAt: '2026-11-01',
    });
    const { appointments, next } = (await get('/v1/appointments?state=cancelled', key)).json();
    expect(appointments.map(({ reference }: { reference: string }) => reference)).toEqual([
      'b',
      'c',
    ]);
    expect(next).toBeNull();
  });

  it('shows reminders as scope list allows: states without times', async () => {
    const { organisationId, key } = await newKey(['list']);
    const id = await addAppointment({ organisationId, reference: 'a' });
    await addReminder(organisationId, id, { state: 'sent', sent_at: new Date() });
    const [only] = (await get('/v1/appointments', key)).json().appointments;
    expect(only.reminders).toEqual([{ id: expect.any(String), channel: 'auto', state: 'sent' }]);
    expect(only).not.toHaveProperty('locked');
  });

  it.each([
    ['limit=0', '/limit invalid_value'],
    ['limit=201', '/limit invalid_value'],
    ['limit=ten', '/limit invalid_type'],
    ['state=sent', '/state invalid_value'],
    ['after=', '/after too_short'],
    ['after=%2e%2e', '/after invalid_value'],
    ['after=Li4v', '/after invalid_value'],
    ['offset=5', '/offset unknown_field'],
  ])('refuses %s', async (query, fault) => {
    const { key } = await newKey();
    for (const path of ['/v1/appointments', '/v1/events']) {
      if (path === '/v1/events' && query.startsWith('state')) continue;
      const answer = await get(`${path}?${query}`, key);
      expect(answer.statusCode).toBe(422);
      const [error] = answer.json().errors;
      expect(`${error.pointer} ${error.code}`).toBe(fault);
    }
  });
});

describe('GET events', () => {
  const insertEvent = `insert into events (organisation_id, mode, type, reference, appointment_id,
      reminder_id, from_state, to_state, possible_duplicate)
    values ($1, $2, $3, $4, gen_random_uuid(), $5, $6, $7, $8)`;

  interface NewEvent {
    organisationId: string;
    mode?: string;
    type: string;
    reference?: string;
    reminderId?: string;
    from?: string;
    to?: string;
    possibleDuplicate?: boolean;
  }
  const values = (event: NewEvent) => [
    event.organisationId,
    event.mode ?? 'test',
    event.type,
    event.reference ?? 'visit-1',
    event.reminderId,
    event.from,
    event.to,
    event.possibleDuplicate ?? false,
  ];
  const addEvent = (event: NewEvent) => fixture.database.admin.query(insertEvent, values(event));

  const read = async (key: string, after: string | null, limit = 50) => {
    const answer = await get(`/v1/events?limit=${limit}${after ? `&after=${after}` : ''}`, key);
    expect(answer.statusCode).toBe(200);
    return answer.json() as { events: { id: string; type: string }[]; next: string | null };
  };

  it('never skips what commits late, however the transactions overlap', async () => {
    const { organisationId, key } = await newKey();
    const [slow, fast] = await Promise.all([
      fixture.database.admin.connect(),
      fixture.database.admin.connect(),
    ]);
    let cursor: string | null = null;
    const seen: string[] = [];
    const drain = async () => {
      const page = await read(key, cursor);
      seen.push(...page.events.map(({ type }) => type));
      cursor = page.next ?? cursor;
    };
    try {
      await slow.query('begin');
      await slow.query(insertEvent, values({ organisationId, type: 'slow.1' }));
      await fast.query('begin');
      await fast.query(insertEvent, values({ organisationId, type: 'fast.1' }));
      await fast.query('commit');
      await drain();
      // A reader that had taken this one would have gone past the other for ever.
      expect(seen).toEqual([]);
      await slow.query(insertEvent, values({ organisationId, type: 'slow.2' }));
      await slow.query('commit');
    } finally {
      slow.release();
      fast.release();
    }
    await addEvent({ organisationId, type: 'after' });
    await expect
      .poll(async () => {
        await drain();
        return seen;
      })
      .toEqual(['slow.1', 'slow.2', 'fast.1', 'after']);
    expect(await read(key, cursor)).toEqual({ events: [], next: null });
  });

  it('gives each event once, whatever the size of the pages', async () => {
    const { organisationId, key } = await newKey();
    for (let n = 0; n < 11; n += 1) await addEvent({ organisationId, type: `t.${n}` });
    await expect.poll(async () => (await read(key, null)).events.length).toBe(11);
    for (const limit of [1, 3, 11, 200]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      for (;;) {
        const page: Awaited<ReturnType<typeof read>> = await read(key, cursor, limit);
        if (page.next === null) break;
        seen.push(...page.events.map(({ type }) => type));
        cursor = page.next;
      }
      expect(seen).toEqual(Array.from({ length: 11 }, (_, n) => `t.${n}`));
    }
  });

  it('misses and repeats nothing when the numbers of transactions grow by a digit', async () => {
    const { organisationId, key } = await newKey();
    for (const [transaction, id] of [
      ['98', '9'],
      ['99', '10'],
      ['100', '11'],
      ['101', '9'],
      ['101', '10'],
    ]) {
      await fixture.database.admin.query(
        `insert into events (organisation_id, mode, type, reference, appointment_id, id,
           transaction_id)
         overriding system value values ($1, 'test', $2, 'visit-1', gen_random_uuid(), $3, $4)`,
        [organisationId, `${transaction}.${id}`, id, transaction],
      );
    }
    const seen: string[] = [];
    let page = await read(key, null, 1);
    while (page.next !== null) {
      seen.push(...page.events.map(({ type }) => type));
      page = await read(key, page.next, 1);
    }
    expect(seen).toEqual(['98.9', '99.10', '100.11', '101.9', '101.10']);
  });

  it('tells what a booking system needs, and leaves out who has a reminder in hand', async () => {
    const { organisationId, key } = await newKey();
    const reminderId = randomUUID();
    const step = (from: string | undefined, to: string, more: Partial<NewEvent> = {}) =>
      addEvent({
        organisationId,
        type: `reminder.${to}`,
        reminderId,
        ...(from && { from }),
        to,
        ...more,
      });
    await addEvent({ organisationId, type: 'appointment.accepted' });
    await step(undefined, 'scheduled');
    await step('scheduled', 'queued');
    await step('queued', 'scheduled');
    await step('scheduled', 'queued');
    await step('queued', 'sending');
    await step('sending', 'scheduled');
    await step('sending', 'uncertain');
    await step('uncertain', 'scheduled', { possibleDuplicate: true });
    await step('sending', 'sent');
    await addEvent({ organisationId, type: 'reminder.needs_reissue', reminderId });
    await expect
      .poll(async () => (await read(key, null)).events)
      .toEqual([
        {
          id: expect.any(String),
          type: 'appointment.accepted',
          at: expect.any(String),
          reference: 'visit-1',
        },
        expect.objectContaining({ type: 'reminder.scheduled', reminderId, state: 'scheduled' }),
        expect.objectContaining({ type: 'reminder.uncertain', state: 'uncertain' }),
        expect.objectContaining({ type: 'reminder.scheduled', possibleDuplicate: true }),
        expect.objectContaining({ type: 'reminder.sent', state: 'sent' }),
        expect.objectContaining({ type: 'reminder.needs_reissue', reminderId }),
      ]);
  });

  it('tells an erasure by the patient from every other, and no other reason', async () => {
    const { organisationId, key } = await newKey();
    for (const reason of [null, 'restored', 'by_recipient']) {
      await fixture.database.admin.query(
        `insert into events (organisation_id, mode, type, reference, appointment_id, reason_code)
         values ($1, 'test', 'appointment.erased', 'visit-1', gen_random_uuid(), $2)`,
        [organisationId, reason],
      );
    }
    const erased = { id: expect.any(String), at: expect.any(String), reference: 'visit-1' };
    const type = 'appointment.erased';
    await expect
      .poll(async () => (await read(key, null)).events)
      .toEqual([
        { ...erased, type },
        { ...erased, type },
        { ...erased, type, reasonCode: 'by_recipient' },
      ]);
  });

  it('shows no other organisation and no other mode', async () => {
    const { organisationId, key } = await newKey();
    const foreign = await fixture.database.createOrganisation();
    await addEvent({ organisationId: foreign, type: 'foreign' });
    await addEvent({ organisationId, mode: 'live', type: 'live' });
    await addEvent({ organisationId, type: 'own' });
    await expect
      .poll(async () => (await read(key, null)).events.map(({ type }) => type))
      .toEqual(['own']);
  });

  it('can be followed from now on: what is past stays out, what still runs does not', async () => {
    const { organisationId, key } = await newKey();
    await addEvent({ organisationId, type: 'past' });
    await expect.poll(async () => (await read(key, null)).events).toHaveLength(1);
    const slow = await fixture.database.admin.connect();
    try {
      await slow.query('begin');
      await slow.query(insertEvent, values({ organisationId, type: 'under way' }));
      const { events, next } = await read(key, 'now');
      expect(events).toEqual([]);
      await slow.query('commit');
      await addEvent({ organisationId, type: 'later' });
      await expect
        .poll(async () => (await read(key, next)).events.map(({ type }) => type))
        .toEqual(['under way', 'later']);
    } finally {
      slow.release();
    }
  });

  it('refuses a cursor that we did not make', async () => {
    const { key } = await newKey();
    for (const text of ['1', '1.2.3', '-1.2', `1.${'9'.repeat(19)}`, '1.x']) {
      const after = Buffer.from(text).toString('base64url');
      expect((await get(`/v1/events?after=${after}`, key)).statusCode).toBe(422);
    }
  });
});
