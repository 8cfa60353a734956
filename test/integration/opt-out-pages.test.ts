import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import type { Database } from '../../src/store/database.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { createOptOutLinks } from '../../src/usecases/opt-out-links.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  formIn,
  type PatientPages,
  patientUrl,
  startPatientPages,
} from '../support/patient-pages.ts';
import { seedAppointment, seededPin, seededRequest } from '../support/seed-appointment.ts';

const anna = 'anna.canari@example.org';
const bert = 'bert.canari@example.org';
const phone = seededRequest.recipient.phone ?? '';
const oneClick = { 'List-Unsubscribe': 'One-Click' };
/** As one large mail service sends it: RFC 8058 asks for this type first. */
const multipart = {
  headers: { 'content-type': 'multipart/form-data; boundary=x' },
  payload:
    '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
};

let database: TestDatabase;
let pages: PatientPages;
let worker: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  worker = database.open('worker');
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});
afterEach(() => database.admin.query('truncate suppressions'));

/** The path in an email's header, minted as the worker does. */
async function pathFor(contact: string): Promise<string> {
  const urlOf = createOptOutLinks({ keys: pages.keys, patientUrl });
  const url = (await urlOf(new Secret(contact))).reveal();
  expect(url).toMatch(/^https:\/\/r\.example\/stop\/[A-Za-z0-9_-]{84}$/);
  return url.slice(patientUrl.length);
}

async function suppressed(...contacts: string[]): Promise<string[]> {
  const find = createSuppressionLookup({ database: worker, keys: pages.keys });
  const found = await find(contacts.map((to) => ({ reminderId: to, to: new Secret(to) })));
  return contacts.filter((contact) => found.has(contact));
}
const rows = async () => (await database.admin.query('select * from suppressions')).rows;

describe('one click in a mail program', () => {
  it('stops messages to that address and to no other, without a cookie, from anywhere', async () => {
    const visitor = pages.visitor({
      origin: 'https://mail.example',
      'sec-fetch-site': 'cross-site',
    });
    const answer = await visitor.post(await pathFor(anna), oneClick);
    expect(answer.status).toBe(200);
    expect(answer.setCookies).toEqual([]);
    expect(await suppressed(anna, bert, phone)).toEqual([anna]);
    expect(await rows()).toMatchObject([{ source: 'one_click', channel: 'email' }]);
  });

  it('comes as either of the two types of form', async () => {
    const url = await pathFor(anna);
    const answer = await pages.app.inject({ method: 'POST', url, ...multipart });
    expect(answer.statusCode).toBe(200);
    expect(await suppressed(anna)).toEqual([anna]);
  });

  it('twice, or from two emails, is once', async () => {
    const before = (await pages.journal().catch(() => [])).length;
    for (const path of [await pathFor(anna), await pathFor(anna), await pathFor(anna)]) {
      await pages.visitor().post(path, oneClick);
      await pages.visitor().post(path, oneClick);
    }
    expect(await rows()).toHaveLength(1);
    expect(await pages.journal()).toHaveLength(before + 1);
  });

  it('stands in the journal by its index, and nowhere by the address', async () => {
    await pages.visitor().post(await pathFor(anna), oneClick);
    const [row] = await rows();
    const lines = await pages.journal();
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      kind: 'suppression',
      index: row.contact_index.toString('hex'),
      pepper: row.pepper,
      channel: 'email',
      source: 'one_click',
    });
    expect(lines.join('\n') + JSON.stringify(row)).not.toContain('canari');
  });

  it('with the pages’ database away is told to come again', async () => {
    const away = await startPatientPages(database, {
      optOut: {
        openToken: async () => ({ index: randomBytes(32), pepperId: '1', channel: 'email' }),
        recordClaim: () =>
          database
            .open('patient', 1)
            .query('select 1 / 0')
            .then(() => {}),
        record: async () => {},
      },
    });
    const answer = await away.visitor().post(`/stop/${'a'.repeat(84)}`, oneClick);
    expect(answer.status).toBe(500);
    await away.close();
  });
});

describe('a scanner', () => {
  it('that fetches the address, or posts nothing to it, changes nothing', async () => {
    const path = await pathFor(anna);
    const visitor = pages.visitor();
    for (const answer of [
      await visitor.get(path),
      await visitor.head(path),
      await visitor.get(`${path}?lang=fr`),
      await visitor.post(path, {}),
      await visitor.post(path, { 'List-Unsubscribe': 'something else' }),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.setCookies).toEqual([]);
    }
    expect(await rows()).toEqual([]);
  });

  it('that guesses gets the one 404', async () => {
    const path = await pathFor(anna);
    const nothing = await pages.visitor().get('/nothing');
    for (const guess of [
      `${path.slice(0, -1)}${path.endsWith('A') ? 'Q' : 'A'}`,
      `/stop/${randomBytes(63).toString('base64url')}`,
      '/stop/x',
      `${path}A`,
      `/stop/${'a'.repeat(300)}`,
    ]) {
      for (const answer of [
        await pages.visitor().get(guess),
        await pages.visitor().post(guess, oneClick),
      ]) {
        expect([answer.status, answer.body]).toEqual([404, nothing.body]);
      }
    }
    expect(await rows()).toEqual([]);
  });
});

describe('a person with the address of an email', () => {
  it('is asked, presses, and is told what was stopped and what was not', async () => {
    const path = await pathFor(anna);
    const visitor = pages.visitor({ 'accept-language': 'en' });
    const asked = await visitor.get(path);
    expect(asked.body).toContain('no more reminders to this email address');
    expect(asked.body).not.toContain('canari');
    const action = /action="([^"]+)"/.exec(asked.body)?.[1] ?? '';
    expect(/name="answer" value="stop"/.test(asked.body)).toBe(true);

    const pressed = await visitor.post(action, { answer: 'stop' });
    expect(pressed).toMatchObject({ status: 303, location: '/stopped/email?lang=en' });
    expect(await suppressed(anna, bert)).toEqual([anna]);
    const done = await visitor.get(pressed.location ?? '');
    for (const sentence of [
      'The messages are stopped',
      'every place that sends its reminders through us',
      'This cancels nothing',
      'ask the place where you booked',
    ]) {
      expect(done.body).toContain(sentence);
    }
    expect((await visitor.get('/stopped/email?lang=fr')).body).toContain(
      'Les messages sont arrêtés',
    );
    expect((await visitor.get('/stopped/fax')).status).toBe(404);
  });
});

describe('after proof', () => {
  async function proved(options: { channels?: readonly ('sms' | 'email')[] } = {}) {
    const organisationId = await database.createOrganisation();
    const recipient = { ...seededRequest.recipient, email: anna };
    const request = { ...seededRequest, recipient };
    const { link } = await seedAppointment(pages.seed, { organisationId, request, ...options });
    const visitor = pages.visitor({ 'accept-language': 'en' });
    await visitor.open(link.token);
    await visitor.prove(seededPin);
    return visitor;
  }

  it('the contact that the link went to is stopped, for all organisations, and no other', async () => {
    for (const [channel, stopped] of [
      ['sms', phone],
      ['email', anna],
    ] as const) {
      await database.admin.query('truncate suppressions');
      const visitor = await proved({ channels: [channel] });
      const details = await visitor.get('/details?lang=en');
      expect(details.body).toMatch(/<a class="tap" href="\/stop">Stop these messages<\/a>/);
      const asked = await visitor.get('/stop');
      expect(asked.body).toContain('every place that sends its reminders through us');
      expect(await rows()).toEqual([]);

      const form = formIn(asked.body) ?? '';
      const pressed = await visitor.post('/stop', { form, answer: 'stop' });
      expect(pressed).toMatchObject({ status: 303, location: `/stopped/${channel}?lang=en` });
      expect(await suppressed(phone, anna, bert)).toEqual([stopped]);
      expect(await rows()).toMatchObject([{ source: 'patient_page', channel }]);
      const done = await visitor.get(pressed.location ?? '');
      expect(done.body).toContain('href="/details"');
      expect((await visitor.get('/details')).step).toBe('details');
    }
  });

  it('a birth date is proof enough', async () => {
    const organisationId = await database.createOrganisation();
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor({ 'accept-language': 'en' });
    await visitor.open(link.token);
    const form = formIn((await visitor.get('/prove/birth-date')).body) ?? '';
    const date = { 'birth-day': '14', 'birth-month': '2', 'birth-year': '1980' };
    await visitor.post('/prove/birth-date', { form, ...date });
    const details = await visitor.get('/details');
    expect(details.body).not.toContain('Quenouille');
    expect(details.body).toContain('href="/stop"');
    const asked = await visitor.get('/stop');
    await visitor.post('/stop', { form: formIn(asked.body) ?? '', answer: 'stop' });
    expect(await suppressed(phone, anna)).toEqual([phone]);
  });

  it('nothing is stopped by a page of somebody else, or without a button', async () => {
    const visitor = await proved();
    const form = formIn((await visitor.get('/stop')).body) ?? '';
    const foreign = { origin: 'https://evil.example' };
    expect((await visitor.post('/stop', { form, answer: 'stop' }, foreign)).status).toBe(403);
    expect((await visitor.post('/stop', { answer: 'stop' })).status).toBe(403);
    expect((await visitor.post('/stop', { form })).location).toBe('/stop');
    expect(await rows()).toEqual([]);
  });

  it('nothing is stopped by somebody who proved nothing, or whose session is over', async () => {
    const stranger = pages.visitor();
    expect((await stranger.get('/stop')).location).toBe('/details');
    expect((await stranger.post('/stop', { answer: 'stop' })).location).toBe('/details');
    const organisationId = await database.createOrganisation();
    const { link } = await seedAppointment(pages.seed, { organisationId });
    await stranger.open(link.token);
    await stranger.post('/stop', { answer: 'stop' });
    expect(await rows()).toEqual([]);
  });

  it('a number that can be answered is told about START', async () => {
    const answering = await startPatientPages(database, {
      check: { sender: '+33', emailSender: undefined, codes: false, optOut: true },
    });
    const get = (path: string) => answering.visitor().get(path);
    expect((await get('/stopped/sms?lang=en')).body).toContain('START');
    expect((await get('/stopped/email?lang=en')).body).not.toContain('START');
    expect((await pages.visitor().get('/stopped/sms?lang=en')).body).not.toContain('START');
    await answering.close();
  });
});

it('the role behind the pages may add a suppression, and can neither read nor take one back', async () => {
  const patient = database.open('patient', 1);
  for (const statement of [
    'select contact_index from suppressions',
    'delete from suppressions',
    'update suppressions set source = source',
  ]) {
    await expect(patient.query(statement)).rejects.toMatchObject({ code: '42501' });
  }
});
