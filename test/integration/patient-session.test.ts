import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCookieBox } from '../../src/keys/cookie-box.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  formIn,
  type PatientPages,
  patientUrl,
  startPatientPages,
  type Visitor,
} from '../support/patient-pages.ts';
import { seedAppointment, seededPin } from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

async function proved(headers?: Record<string, string>): Promise<Visitor> {
  const { link } = await seedAppointment(pages.seed, { organisationId });
  const visitor = pages.visitor(headers);
  await visitor.open(link.token);
  await visitor.prove(seededPin);
  return visitor;
}

/** Whether the visitor still sees the appointment; looking refreshes the session. */
const sees = async (visitor: Visitor) => (await visitor.get('/details')).step === 'details';

describe('the cookies', () => {
  it('are of the host alone, out of reach of scripts, and gone with the window', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();
    const [opened] = (await visitor.get(`/${link.token}`)).setCookies;
    expect(opened).toMatch(/^__Host-link=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    await visitor.get('/prove');
    const before = visitor.cookies.get('__Host-link');
    const after = (await visitor.prove(seededPin)).setCookies;
    expect(after).toContainEqual(
      expect.stringMatching(/^__Host-session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    );
    expect(after).toContainEqual(expect.stringMatching(/^__Host-link=; Max-Age=0; /));
    expect(visitor.cookies.get('__Host-session')).not.toBe(before);
  });

  it('have no prefix and are not Secure over plain http, else a local trial could not sign in', async () => {
    const local = await startPatientPages(database, { patientUrl: 'http://localhost:3001' });
    try {
      const { link } = await seedAppointment(local.seed, { organisationId });
      const visitor = local.visitor();
      const opened = await visitor.get(`/${link.token}`);
      expect(opened.setCookies[0]).toMatch(/^link=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
      await visitor.get('/prove');
      expect((await visitor.prove(seededPin)).location).toBe('/details');
      expect((await visitor.get('/details')).step).toBe('details');
    } finally {
      await local.close();
    }
  });

  it('hold the secret sealed, and the form token changes at the proof', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();
    const question = await visitor.open(link.token);
    const cookies = JSON.stringify([...visitor.cookies]);
    expect(cookies).not.toContain(link.secret.reveal().toString('base64url'));
    await visitor.prove(seededPin);
    const details = await visitor.get('/details');
    expect(formIn(details.body)).toBeTruthy();
    expect(formIn(details.body)).not.toBe(formIn(question.body));
  });

  it('do not stand in for one another', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();
    await visitor.open(link.token);
    visitor.cookies.set('__Host-session', visitor.cookies.get('__Host-link') ?? '');
    expect(await sees(visitor)).toBe(false);
  });

  it('refused by the browser get a text of their own, without an effect', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();
    await visitor.get(`/${link.token}`);
    visitor.cookies.clear();
    const answer = await visitor.get('/r');
    expect([answer.status, answer.setCookies]).toEqual([200, []]);
    expect(answer.body).toContain('cookies');
  });
});

describe('a visit', () => {
  it('is over after 15 minutes without a proof, and starts anew with the link', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();
    await visitor.open(link.token);
    pages.advance({ minutes: 14 });
    expect((await visitor.get('/prove')).step).toBe('prove');
    pages.advance({ minutes: 2 });
    expect((await visitor.get('/prove')).step).toBeUndefined();
    expect((await visitor.prove(seededPin)).status).toBe(403);
    const landing = await visitor.get('/r');
    expect(landing.body).not.toContain('cookies');
    await visitor.open(link.token);
    expect((await visitor.prove(seededPin)).location).toBe('/details');
  });
});

describe('a session', () => {
  it('ends after 10 minutes without a request', async () => {
    const visitor = await proved();
    pages.advance({ minutes: 9 });
    expect(await sees(visitor)).toBe(true);
    pages.advance({ minutes: 11 });
    const ended = await visitor.get('/details');
    expect([ended.status, ended.step]).toEqual([200, undefined]);
  });

  it('lasts with "more time", and 30 minutes at most', async () => {
    const visitor = await proved();
    const details = await visitor.get('/details');
    for (let time = 0; time < 3; time += 1) {
      pages.advance({ minutes: 9 });
      const more = await visitor.post('/more-time', { form: formIn(details.body) ?? '' });
      expect([more.status, more.location]).toEqual([303, '/details']);
    }
    const last = await visitor.get('/details');
    expect(last.step).toBe('details');
    expect(last.body).not.toContain('/more-time');
    pages.advance({ minutes: 4 });
    expect(await sees(visitor)).toBe(false);
  });

  it('ends with the leave button: cookies gone, traces cleared, Back shows nothing', async () => {
    const visitor = await proved();
    const details = await visitor.get('/details');
    const left = await visitor.post('/leave', { form: formIn(details.body) ?? '' });
    expect([left.status, left.location]).toEqual([303, '/left?lang=fr']);
    expect(left.headers).toMatchObject({ 'clear-site-data': '"cache", "cookies", "storage"' });
    expect(visitor.cookies.size).toBe(0);
    expect((await visitor.get(left.location ?? '')).status).toBe(200);
    expect(await sees(visitor)).toBe(false);
  });

  it('that is over can still be left', async () => {
    const visitor = await proved();
    const details = await visitor.get('/details');
    pages.advance({ minutes: 31 });
    const form = formIn(details.body) ?? '';
    expect((await visitor.post('/more-time', { form })).location).toBe('/details');
    expect((await visitor.post('/leave', { form })).location).toBe('/left');
    expect(visitor.cookies.size).toBe(0);
  });

  it('is for one appointment: with the link of another it leads nowhere', async () => {
    const [mine, other] = [
      await seedAppointment(pages.seed, { organisationId }),
      await seedAppointment(pages.seed, { organisationId }),
    ];
    const cookieKeys = await pages.keys.cookieKeys();
    const newest = cookieKeys.at(-1)?.id ?? '';
    const box = createCookieBox({ keys: cookieKeys, newest, purpose: 'sotto-session' });
    const forge = (appointmentId: string) =>
      box.seal(
        {
          i: 'id',
          s: other.link.secret.reveal().toString('base64url'),
          l: 'fr',
          c: Date.now() + 24 * 60 * 60_000,
          a: appointmentId,
          t: 2,
          f: 'pin',
        },
        { expiresAt: new Date(Date.now() + 24 * 60 * 60_000) },
      );
    const visitor = pages.visitor();
    visitor.cookies.set('__Host-session', await forge(other.id));
    expect(await sees(visitor)).toBe(true);
    visitor.cookies.set('__Host-session', await forge(mine.id));
    expect((await visitor.get('/details')).status).toBe(404);
  });

  it('shows the details instead of asking again', async () => {
    const visitor = await proved();
    for (const path of ['/r', '/prove']) {
      const answer = await visitor.get(path);
      expect([answer.status, answer.location]).toEqual([303, '/details']);
    }
  });
});

describe('a form', () => {
  it('works in a browser that sends neither Origin nor Sec-Fetch-Site, and in one that sends both', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    for (const headers of [
      {},
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      { origin: patientUrl, 'sec-fetch-site': 'same-origin' },
    ]) {
      const visitor = pages.visitor();
      const form = formIn((await visitor.open(link.token)).body) ?? '';
      const answer = await visitor.post('/prove', { form, pin: seededPin }, headers);
      expect(answer.location).toBe('/details');
    }
  });

  it('from elsewhere, without its token or with another visit’s is refused and does nothing', async () => {
    const { id, link } = await seedAppointment(pages.seed, { organisationId });
    const stranger = pages.visitor();
    const foreignForm = formIn((await stranger.open(link.token)).body) ?? '';
    const visitor = pages.visitor();
    const form = formIn((await visitor.open(link.token)).body) ?? '';
    const tries: [Record<string, string>, Record<string, string>][] = [
      [{ pin: seededPin }, {}],
      [{ pin: seededPin, form: '' }, {}],
      [{ pin: seededPin, form: foreignForm }, {}],
      [{ pin: seededPin, form: `${form}A` }, {}],
      [{ pin: seededPin, form }, { origin: 'https://evil.example' }],
      [{ pin: seededPin, form }, { origin: `${patientUrl}.evil.example` }],
      [{ pin: seededPin, form }, { 'sec-fetch-site': 'cross-site' }],
      [{ pin: seededPin, form }, { 'sec-fetch-site': 'same-site' }],
      [{ pin: '593827', form }, { origin: 'https://evil.example' }],
    ];
    for (const [fields, headers] of tries) {
      const answer = await visitor.post('/prove', fields, headers);
      expect([answer.status, answer.setCookies]).toEqual([403, []]);
    }
    const { rows } = await database.admin.query(
      'select 1 from factor_failures where appointment_id = $1',
      [id],
    );
    expect(rows).toEqual([]);

    const inside = await proved();
    for (const path of ['/leave', '/more-time']) {
      expect((await inside.post(path, {})).status).toBe(403);
      expect((await inside.post(path, { form })).status).toBe(403);
    }
    expect(await sees(inside)).toBe(true);
  });

  it('in a language can be read in another', async () => {
    const visitor = await proved();
    const english = await visitor.get('/details?lang=en');
    expect(english.body).toContain('<html lang="en"');
    expect((await visitor.get('/details')).body).toContain('<html lang="en"');
    const again = pages.visitor();
    const { link } = await seedAppointment(pages.seed, { organisationId });
    await again.open(link.token);
    expect((await again.get('/prove?lang=en')).body).toContain('<html lang="en"');
    expect((await again.prove('593827')).body).toContain('<html lang="en"');
    await again.prove(seededPin);
    expect((await again.get('/details')).body).toContain('<html lang="en"');
  });
});
