import { randomBytes } from 'node:crypto';
import { compactVerify, createLocalJWKSet } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { languages } from '../../src/domain/language.ts';
import { reminderStates } from '../../src/domain/reminder.ts';
import { textsIn } from '../../src/texts/catalogue.ts';
import { listEvents } from '../../src/usecases/list-events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { formIn, type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import {
  type SeededAppointment,
  seedAppointment,
  seededPin,
  seededRequest,
} from '../support/seed-appointment.ts';
import { waitFor } from '../support/wait-for.ts';

const anna = 'anna.canari@example.org';

let database: TestDatabase;
let pages: PatientPages;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

async function seeded(): Promise<SeededAppointment> {
  const organisationId = await database.createOrganisation();
  const recipient = { ...seededRequest.recipient, email: anna };
  const request = { ...seededRequest, recipient };
  return seedAppointment(pages.seed, { organisationId, request, channels: ['sms', 'email'] });
}
async function proved({ link }: SeededAppointment) {
  const visitor = pages.visitor({ 'accept-language': 'en' });
  await visitor.open(link.token);
  await visitor.prove(seededPin);
  await visitor.get('/details?lang=en');
  return visitor;
}
async function provedByBirthDate({ link }: SeededAppointment) {
  const visitor = pages.visitor({ 'accept-language': 'en' });
  await visitor.open(link.token);
  await visitor.get('/prove/birth-date');
  await visitor.proveBirthDate(seededRequest.recipient.birthDate ?? '');
  return visitor;
}
async function erase(visitor: Awaited<ReturnType<typeof proved>>) {
  const form = formIn((await visitor.get('/erase')).body) ?? '';
  return visitor.post('/erase', { form, answer: 'erase' });
}
const counted = async ({ id }: SeededAppointment) => {
  const { rows } = await database.admin.query(
    `select a.state, (select count(*)::int from versions where appointment_id = a.id) as versions,
       (select count(*)::int from links where appointment_id = a.id) as links
     from appointments a where a.id = $1`,
    [id],
  );
  return rows[0];
};
const eventsOf = async ({ id }: SeededAppointment) => {
  const { rows } = await database.admin.query(
    `select type, from_state as from, to_state as to, reason_code as reason, possibly_sent as "possiblySent"
     from events where appointment_id = $1 order by type, from_state`,
    [id],
  );
  return rows;
};

describe('what is held', () => {
  it('is shown to who may see everything, in every language, and the PIN to nobody', async () => {
    const visitor = await proved(await seeded());
    expect((await visitor.get('/details')).body).toContain('href="/held"');
    for (const language of languages) {
      const { status, body } = await visitor.get(`/held?lang=${language}`);
      expect(status).toBe(200);
      for (const held of ['Quenouille', 'Oncologie', 'Tournebride', '+33639980001', anna, 'Léa']) {
        expect(body).toContain(held);
      }
      expect(body).not.toContain(seededPin);
      expect(body).not.toContain('undefined');
    }
    expect((await visitor.get('/held?lang=en')).body).toMatch(/14 February 1980/);
  });

  it('comes as a file under a name that says nothing, with every field but the PIN', async () => {
    const visitor = await proved(await seeded());
    const form = formIn((await visitor.get('/held')).body) ?? '';
    const answer = await visitor.post('/held', { form });
    expect(answer.headers).toMatchObject({
      'content-disposition': 'attachment; filename="reminder.json"',
      'cache-control': 'no-store',
    });
    const { appointment, reminders, keptUntil } = JSON.parse(answer.body);
    const { recipient, details, ...rest } = seededRequest;
    expect(appointment).toEqual({
      ...rest,
      details,
      recipient: { ...recipient, email: anna, pin: 'set' },
    });
    expect(reminders).toHaveLength(2);
    expect(Date.parse(keptUntil)).toBeGreaterThan(Date.now());
  });

  it('says what became of each message, and that the appointment is cancelled', async () => {
    const one = await seeded();
    const [sms, email] = one.links;
    await database.admin.query(
      `update reminders set channel = 'email', state = 'scheduled' where id = $1`,
      [sms?.reminderId],
    );
    await database.admin.query(
      `insert into attempts (id, organisation_id, mode, reminder_id, link_id, number, channel, transport,
         token, batch_id, outcome)
       values (gen_random_uuid(), $1, 'test', $2, $3, 1, 'sms', 'sms-twilio', $4, gen_random_uuid(), 'accepted')`,
      [one.organisationId, sms?.reminderId, sms?.id, randomBytes(16)],
    );
    await database.admin.query(
      `update reminders set state = 'cancelled', possibly_sent = true where id = $1`,
      [email?.reminderId],
    );
    await database.admin.query(`update appointments set state = 'cancelled' where id = $1`, [
      one.id,
    ]);
    const { body } = await (await proved(one)).get('/held?lang=en');
    expect(body).toMatch(/<li>Text message, [^<]+: sent<\/li>/);
    expect(body).toMatch(/<li>Email, [^<]+: planned<\/li>/);
    expect(body).toMatch(/<li>Email, [^<]+: we do not know whether it went out<\/li>/);
    expect(body).toContain(textsIn('en').details.cancelled);
    expect(body).toContain(textsIn('en').details.plannedFor);
  });

  it('says since when messages are stopped', async () => {
    const visitor = await proved(await seeded());
    const form = formIn((await visitor.get('/stop')).body) ?? '';
    expect((await visitor.get('/held')).body).not.toContain('You stopped');
    await visitor.post('/stop', { form, answer: 'stop' });
    expect((await visitor.get('/held?lang=en')).body).toContain('You stopped our messages on');
  });

  it('is not shown, copied or erased for a birth date alone, nor for nothing', async () => {
    const one = await seeded();
    const stranger = pages.visitor();
    await stranger.open(one.link.token);
    for (const visitor of [await provedByBirthDate(one), stranger]) {
      const { body } = await visitor.get('/details');
      expect(body).not.toContain('href="/held"');
      for (const path of ['/held', '/erase']) {
        expect((await visitor.get(path)).location).toBe('/details');
        const form = formIn(body) ?? '';
        expect((await visitor.post(path, { form, answer: 'erase' })).location).toBe('/details');
      }
    }
    expect(await counted(one)).toEqual({ state: 'booked', versions: 1, links: 2 });
  });
});

describe('a recipient who erases', () => {
  it('leaves nothing sealed; every link is dead, the session over, and nobody else is touched', async () => {
    const [one, other] = [await seeded(), await seeded()];
    const visitor = await proved(one);
    const before = (await pages.journal().catch(() => [])).length;
    const answer = await erase(visitor);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('Everything is erased');
    // No language leads away from the receipt: there is no session any more.
    expect(Array.from(answer.body.matchAll(/<a [^>]*href="([^"]+)"/g), ([, to]) => to)).toEqual([
      ...['#main', '/check'],
    ]);
    expect(await counted(one)).toEqual({ state: 'erased', versions: 0, links: 0 });
    expect(await counted(other)).toEqual({ state: 'booked', versions: 1, links: 2 });
    expect(visitor.cookies.size).toBe(0);
    expect((await visitor.get('/details')).body).not.toContain('Quenouille');
    for (const { token } of one.links) expect((await visitor.get(`/${token}`)).status).toBe(404);

    const lines = (await pages.journal()).slice(before);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { kind: 'erasure', appointmentId: one.id },
    ]);
    expect(await eventsOf(one)).toContainEqual({
      ...{ type: 'appointment.erased', from: null, to: null },
      ...{ reason: 'by_recipient', possiblySent: false },
    });
  });

  it('is told to its booking system as who erased it', async () => {
    const one = await seeded();
    const { organisationId } = one;
    await erase(await proved(one));
    const asApi = database.open('api', 1);
    const told = async () =>
      (await listEvents({ database: asApi }, { organisationId, mode: 'test' })).events;
    // Events are shown when no earlier transaction of the server can add any before them.
    await waitFor(async () => (await told()).length > 0);
    expect(await told()).toMatchObject([
      { type: 'appointment.erased', reference: one.reference, reasonCode: 'by_recipient' },
    ]);
  });

  it('gets a receipt that verifies with the published keys, and says who it was in no word', async () => {
    const one = await seeded();
    const receipt =
      /<textarea[^>]*>([^<]+)</.exec((await erase(await proved(one))).body)?.[1] ?? '';
    const keys = createLocalJWKSet({ keys: [...(await pages.keys.publishedErasureKeys())] });
    const { payload, protectedHeader } = await compactVerify(receipt, keys);
    expect(protectedHeader.typ).toBe('sotto-erasure+jwt');
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({
      iss: 'https://api.example',
      iat: expect.any(Number),
      organisation: one.organisationId,
      mode: 'test',
      reference: one.reference,
      appointment: one.id,
      by: 'recipient',
    });
  });

  it('is shown the same end and the same receipt, however often they press, or lost the answer', async () => {
    const one = await seeded();
    const visitor = await proved(one);
    const form = formIn((await visitor.get('/erase')).body) ?? '';
    const cookies = [...visitor.cookies];
    const again = () => {
      for (const [name, value] of cookies) visitor.cookies.set(name, value);
    };
    const press = () => visitor.post('/erase', { form, answer: 'erase' });
    // Two at the same moment, then one that left before an answer was read, and a look at the page.
    const answers = await Promise.all([press(), press()]);
    again();
    answers.push(await press());
    again();
    answers.push(await visitor.get('/erase'));
    again();
    answers.push(await visitor.get('/held'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(answers[0]?.body).toContain('Everything is erased');
    expect(answers[0]?.body).toMatch(/<textarea[^>]*>[\w.-]{100,}</);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(visitor.cookies.size).toBe(0);
    // Which has as many bytes whatever it says, and opens by the link alone.
    const { rows } = await database.admin.query(
      `select octet_length(erasure_receipt) as bytes from appointments where id = $1`,
      [one.id],
    );
    expect(rows).toEqual([{ bytes: 54 + 1024 + 48 }]);
    expect((await eventsOf(one)).filter(({ type }) => type === 'appointment.erased')).toHaveLength(
      1,
    );
  });

  it('waits for their own first press rather than be told of a problem', async () => {
    const one = await seeded();
    const visitor = await proved(one);
    const form = formIn((await visitor.get('/erase')).body) ?? '';
    const holder = await database.admin.connect();
    try {
      await holder.query('begin');
      await holder.query('select from appointments where id = $1 for update', [one.id]);
      const answer = visitor.post('/erase', { form, answer: 'erase' });
      await waitFor(async () => {
        const { rows } = await database.admin.query(
          `select from pg_stat_activity where query like '%erase_for_recipient%'
             and wait_event_type = 'Lock' and datname = current_database()
             and clock_timestamp() - query_start > interval '300 milliseconds'`,
        );
        return rows.length === 1;
      });
      await holder.query('rollback');
      expect((await answer).body).toContain('Everything is erased');
    } finally {
      holder.release();
    }
  });

  it('is given no receipt of an erasure that was not theirs', async () => {
    const one = await seeded();
    const visitor = await proved(one);
    await database.admin.query(`update appointments set state = 'erased' where id = $1`, [one.id]);
    const { status, body } = await visitor.get('/erase');
    expect(status).toBe(404);
    expect(body).not.toContain('Everything is erased');
  });

  it.each(reminderStates)(
    'ends a reminder that is %s as its booking system would',
    async (state) => {
      const one = await seeded();
      const owed = ['scheduled', 'queued', 'uncertain', 'failed'].includes(state);
      await database.admin.query(
        `update reminders set state = $2, batch_id = case when $3 then gen_random_uuid() end,
         lease_until = case when $3 then clock_timestamp() + interval '1 minute' end,
         skipped_reason = case when $2 = 'skipped' then 'booked_late' end
       where appointment_id = $1`,
        [one.id, state, state === 'queued' || state === 'sending'],
      );
      await erase(await proved(one));
      const { rows } = await database.admin.query(
        `select state, pending_end as "pendingEnd", possibly_sent as "possiblySent" from reminders
       where appointment_id = $1`,
        [one.id],
      );
      const ended = {
        state: owed ? 'erased' : state,
        pendingEnd: state === 'sending' ? 'erased' : null,
        possiblySent: state === 'uncertain',
      };
      expect(rows).toEqual([ended, ended]);
      const told = (await eventsOf(one)).filter(({ type }) => type === 'reminder.erased');
      expect(told).toEqual(
        Array(owed ? 2 : 0).fill({
          ...{ type: 'reminder.erased', from: state, to: 'erased', reason: 'by_recipient' },
          possiblySent: state === 'uncertain',
        }),
      );
    },
  );

  it('erases nothing by a page of somebody else, or without a button', async () => {
    const one = await seeded();
    const visitor = await proved(one);
    const form = formIn((await visitor.get('/erase')).body) ?? '';
    const foreign = { origin: 'https://evil.example' };
    expect((await visitor.post('/erase', { form, answer: 'erase' }, foreign)).status).toBe(403);
    expect((await visitor.post('/erase', { answer: 'erase' })).status).toBe(403);
    expect((await visitor.post('/erase', { form })).location).toBe('/erase');
    expect(await counted(one)).toEqual({ state: 'booked', versions: 1, links: 2 });
  });

  it('has no other way to delete: the pages’ own database user may not, of any table', async () => {
    const { rows } = await database.admin.query(
      `select relname as table from pg_class where relnamespace = 'public'::regnamespace
         and relkind in ('r', 'p') and has_table_privilege('sotto_patient', oid, 'delete, truncate')
       order by 1`,
    );
    // Of a person, and of where somebody answered from.
    expect(rows.map(({ table }) => table)).toEqual(['passkeys', 'source_failures']);
    const patient = database.open('patient', 1);
    for (const table of [
      'links',
      'versions',
      'appointments',
      'reminders',
      'factor_failures',
      'codes',
    ]) {
      await expect(patient.query(`delete from ${table}`)).rejects.toMatchObject({ code: '42501' });
    }
  });
});
