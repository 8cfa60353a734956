import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recipient } from '../../src/domain/appointment.ts';
import { verifyErasure } from '../../src/keys/receipt-verify.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { silentLog } from '../support/accept.ts';
import { type Authenticator, createAuthenticator, type Manner } from '../support/authenticator.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  formIn,
  type PageAnswer,
  type PatientPages,
  patientUrl,
  startPatientPages,
  type Visitor,
} from '../support/patient-pages.ts';
import { seedAppointment, seededPin, seededRequest } from '../support/seed-appointment.ts';

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

const birthDate = '1980-02-14';
const { practitioner } = seededRequest.details;
let people = 0;
const newSubject = () => `person-${++people}`;

async function open(known: Partial<Recipient>, owner = organisationId) {
  const recipient = { phone: '+33639980001', language: 'en', birthDate, pin: seededPin, ...known };
  const request = { ...seededRequest, recipient };
  const { link } = await seedAppointment(pages.seed, { organisationId: owner, request });
  const visitor = pages.visitor();
  return { visitor, page: await visitor.open(link.token) };
}

/** Somebody whose PIN was right. */
async function proved(subject: string, owner = organisationId): Promise<Visitor> {
  const { visitor } = await open({ subject }, owner);
  await visitor.get('/prove/pin');
  expect((await visitor.prove(seededPin)).location).toBe('/details');
  return visitor;
}

const optionsIn = ({ body }: PageAnswer): unknown =>
  JSON.parse((/data-options="([^"]*)"/.exec(body)?.[1] ?? 'null').replaceAll('&quot;', '"'));
const send = (visitor: Visitor, path: string, page: PageAnswer, passkey: string) =>
  visitor.post(path, { form: formIn(page.body) ?? '', passkey });

/** Makes one behind a link of this person. */
async function make(visitor: Visitor, phone: Authenticator, manner?: Manner): Promise<PageAnswer> {
  const page = await visitor.get('/passkeys');
  return send(visitor, '/passkeys', page, phone.create(optionsIn(page), manner));
}

/** A person with a passkey. */
async function withPasskey(owner = organisationId) {
  const subject = newSubject();
  const phone = createAuthenticator(patientUrl);
  const made = await make(await proved(subject, owner), phone);
  expect(made.body).toContain('Your passkey is made.');
  return { subject, phone };
}

/** Comes to the question for a passkey of another appointment, and answers it. */
async function logIn(
  subject: string,
  phone: Authenticator,
  manner?: Manner,
  owner = organisationId,
): Promise<{ visitor: Visitor; page: PageAnswer; answer: PageAnswer }> {
  const { visitor, page } = await open({ subject }, owner);
  const passkey = phone.get(optionsIn(page) ?? { challenge: 'none', rpId: 'r.example' }, manner);
  return { visitor, page, answer: await send(visitor, '/prove/passkey', page, passkey) };
}

async function expectShut(visitor: Visitor, answer: PageAnswer) {
  expect(answer.location).not.toBe('/details');
  expect((await visitor.get('/details')).body).not.toContain(practitioner);
}

describe('a passkey', () => {
  it('that was made behind one link opens the next one of the same person', async () => {
    const { subject, phone } = await withPasskey();
    for (const _time of [1, 2]) {
      const { visitor, page, answer } = await logIn(subject, phone);
      expect(page.body).toContain('data-passkey="get"');
      expect(answer.location).toBe('/details');
      expect((await visitor.get('/details')).body).toContain(practitioner);
    }
  });

  it('is offered after full proof alone, and to no birth date whatever that opens', async () => {
    const subject = newSubject();
    const generous = await database.createOrganisation({ birth_date_opens_all: true });
    const { visitor } = await open({ subject }, generous);
    await visitor.get('/prove/birth-date');
    await visitor.proveBirthDate(birthDate);
    const details = await visitor.get('/details');
    expect(details.body).toContain(practitioner);
    expect(details.body).not.toContain('/passkeys');
    expect((await visitor.get('/passkeys')).location).toBe('/details');
    const phone = createAuthenticator(patientUrl);
    const question = { challenge: 'x', rp: { id: 'r.example' }, user: { id: 'u' } };
    await send(visitor, '/passkeys', details, phone.create(question));
    const { rows } = await database.admin.query(
      'select id from passkeys where organisation_id = $1',
      [generous],
    );
    expect(rows).toEqual([]);

    const withoutSubject = await open({});
    await withoutSubject.visitor.prove(seededPin);
    expect((await withoutSubject.visitor.get('/details')).body).not.toContain('/passkeys');
    expect((await proved(subject)).cookies.size).toBeGreaterThan(0);
    expect((await (await proved(subject)).get('/details')).body).toContain('href="/passkeys"');
  });

  it('is asked for with names that say nothing, from a person known by random bytes', async () => {
    const { phone } = await withPasskey();
    const { challenge, user, ...options } = phone.created as { challenge: string; user: object };
    expect(user).toEqual({
      id: expect.stringMatching(/^[\w-]{43}$/),
      name: expect.stringMatching(/^Your reminder [A-Z0-9]{4}$/),
      displayName: expect.stringMatching(/^Your reminder [A-Z0-9]{4}$/),
    });
    expect(challenge).toMatch(/^[\w-]{43}$/);
    expect(options).toMatchObject({
      rp: { id: 'r.example', name: 'Your reminder' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
  });

  it('is asked for by a page that is the same for everybody who has one', async () => {
    const other = await database.createOrganisation();
    const bodies = await Promise.all(
      [organisationId, other].map(async (owner) => {
        const { subject } = await withPasskey(owner);
        const { page } = await open({ subject }, owner);
        return page.body
          .replace(/name="form" value="[^"]+"/, '')
          .replace(/challenge&quot;:&quot;[^&]+/, '');
      }),
    );
    expect(bodies[0]).toBe(bodies[1]);
  });

  it.each<[string, Manner]>([
    ['at another site', { origin: 'https://r.example.evil.example' }],
    ['for another host', { host: 'evil.example' }],
    ['without finger, face or code', { verified: false }],
    ['to another question', { challenge: 'x'.repeat(43) }],
  ])('that is given %s is neither made nor taken', async (_name, manner) => {
    const refused = await make(await proved(newSubject()), createAuthenticator(patientUrl), manner);
    expect(refused.body).toContain('The passkey was not made.');
    const { subject, phone } = await withPasskey();
    const { visitor, answer } = await logIn(subject, phone, manner);
    await expectShut(visitor, answer);
    expect((await logIn(subject, phone)).answer.location).toBe('/details');
  });

  it.each<[string, Manner]>([
    ['whose counter went back, as a copy’s does', { count: 1 }],
    ['that names another person', { userHandle: 'AAAA' }],
  ])('%s is refused', async (_name, manner) => {
    const { subject, phone } = await withPasskey();
    for (const _time of [1, 2]) await logIn(subject, phone);
    const { visitor, answer } = await logIn(subject, phone, manner);
    await expectShut(visitor, answer);
  });

  it('opens for a copy too: its counter refuses one only until that has counted further', async () => {
    const { subject, phone } = await withPasskey();
    // Whoever has the key answers as the phone does.
    const answer = async (count: number) => logIn(subject, phone, { count });
    for (const _holder of ['owner', 'thief', 'owner']) {
      expect((await answer(0)).answer.location).toBe('/details');
    }
    expect((await answer(1)).answer.location, 'the owner, counting').toBe('/details');
    const late = await answer(1);
    await expectShut(late.visitor, late.answer);
    expect((await answer(2)).answer.location, 'the thief again').toBe('/details');
  });

  it('answers a question once: not again in its session, nor with all that its browser had', async () => {
    const { subject, phone } = await withPasskey();
    const { visitor, page } = await open({ subject });
    const passkey = phone.get(optionsIn(page), { count: 0 });
    const copied = new Map(visitor.cookies);
    expect((await send(visitor, '/prove/passkey', page, passkey)).location).toBe('/details');
    const again = pages.visitor();
    for (const [name, value] of copied) again.cookies.set(name, value);
    await expectShut(again, await send(again, '/prove/passkey', page, passkey));
    // Nor a question that somebody else was asked.
    const other = await open({ subject });
    await expectShut(
      other.visitor,
      await send(other.visitor, '/prove/passkey', other.page, passkey),
    );
  });

  it('is good for ten minutes of asking', async () => {
    const { subject, phone } = await withPasskey();
    const answerAfter = async (minutes: number) => {
      const { visitor, page } = await open({ subject });
      pages.advance({ minutes });
      const answer = await send(visitor, '/prove/passkey', page, phone.get(optionsIn(page)));
      return { visitor, answer };
    };
    expect((await answerAfter(9)).answer.location).toBe('/details');
    const late = await answerAfter(11);
    await expectShut(late.visitor, late.answer);
  });

  it('of somebody else, of another organisation, or of a portal that was there before opens nothing', async () => {
    const { subject, phone } = await withPasskey();
    const stranger = await withPasskey();
    const one = await logIn(stranger.subject, phone);
    await expectShut(one.visitor, one.answer);

    const other = await database.createOrganisation();
    const asked = await open({ subject }, other);
    expect(asked.page.body).not.toContain('passkey');
    // Even where the same name has one there.
    await make(await proved(subject, other), createAuthenticator(patientUrl));
    const two = await logIn(subject, phone, undefined, other);
    expect(two.page.body).toContain('data-passkey');
    await expectShut(two.visitor, two.answer);

    await database.admin.query(
      `update organisations set portal_issuer = 'https://p.example.org', portal_client_id = 'c'
       where id = $1`,
      [other],
    );
    expect((await open({ subject }, other)).page.body).not.toContain('passkey');
  });

  it('can be removed by its person, and by nobody else', async () => {
    const { subject, phone } = await withPasskey();
    const visitor = await proved(subject);
    const list = await visitor.get('/passkeys');
    const path = /action="(\/passkeys\/[^"]+\/remove)"/.exec(list.body)?.[1] ?? '';
    expect(path).not.toBe('');

    const stranger = await proved(newSubject());
    const theirs = await stranger.get('/passkeys');
    await stranger.post(path, { form: formIn(theirs.body) ?? '' });
    expect((await visitor.post(path, { form: 'forged' })).status).toBe(403);
    expect((await logIn(subject, phone)).answer.location).toBe('/details');

    const form = formIn((await visitor.get('/passkeys')).body) ?? '';
    expect((await visitor.post(path, { form })).location).toBe('/passkeys');
    expect((await visitor.get('/passkeys')).body).not.toContain('/remove"');
    expect((await open({ subject })).page.body).not.toContain('data-passkey');
    expect((await pages.journal('patient-passkeys')).at(-1)).toContain(
      path.split('/')[2] ?? 'none',
    );
  });

  it('is told with what is held, and goes with an erasure where its person wishes it', async () => {
    const { subject, phone } = await withPasskey();
    const other = await withPasskey();
    for (const [wish, removed] of [
      ['erase_but_passkeys', 0],
      ['erase', 1],
    ] as const) {
      const before = (await pages.journal('patient-passkeys')).length;
      const { visitor, answer } = await logIn(subject, phone);
      expect(answer.location).toBe('/details');
      const held = await visitor.get('/held?lang=en');
      expect(held.body).toMatch(
        /<h2>Your passkeys<\/h2>\s*<ul><li>[A-Z0-9]{4}: made on \d+ \w+ \d+, last used on /,
      );
      const copy = await visitor.post('/held', { form: formIn(held.body) ?? '' });
      const today = new Date().toISOString().slice(0, 10);
      expect(JSON.parse(copy.body).passkeys).toEqual([
        { tag: expect.stringMatching(/^[A-Z0-9]{4}$/), createdOn: today, usedOn: today },
      ]);
      const form = formIn((await visitor.get('/erase')).body) ?? '';
      const cookies = [...visitor.cookies];
      const erased = await visitor.post('/erase', { form, answer: wish });
      expect(erased.status).toBe(200);
      for (const [name, value] of cookies) visitor.cookies.set(name, value);
      const again = await visitor.post('/erase', { form, answer: 'erase' });
      expect(again.body, 'pressed twice').toBe(erased.body);
      expect(erased.body.includes('Your passkeys are removed here.')).toBe(removed > 0);
      const receipt = /<textarea[^>]*>([^<]+)</.exec(erased.body)?.[1] ?? '';
      const jwks = { keys: await pages.keys.publishedErasureKeys() };
      const { signature, content } = verifyErasure({ receipt, jwks });
      expect(signature).toBe('valid');
      expect(content?.passkeys ?? 0).toBe(removed);
      const lines = (await pages.journal('patient-passkeys')).slice(before);
      expect(lines).toHaveLength(removed);
    }
    expect((await open({ subject })).page.body).not.toContain('data-passkey');
    expect((await logIn(other.subject, other.phone)).answer.location).toBe('/details');
  });

  it('is neither told nor removed by a birth date, even one that opens everything', async () => {
    const generous = await database.createOrganisation({ birth_date_opens_all: true });
    const { subject, phone } = await withPasskey(generous);
    const { visitor } = await open({ subject }, generous);
    await visitor.get('/prove/birth-date');
    await visitor.proveBirthDate(birthDate);
    const held = await visitor.get('/held?lang=en');
    expect(held.body).not.toContain('Your passkeys');
    const { rows } = await database.admin.query(
      'select id from passkeys where organisation_id = $1',
      [generous],
    );
    await visitor.post(`/passkeys/${rows[0].id}/remove`, { form: formIn(held.body) ?? '' });
    const page = await visitor.get('/erase?lang=en');
    expect(page.body).not.toContain('passkey');
    const erased = await visitor.post('/erase', { form: formIn(page.body) ?? '', answer: 'erase' });
    expect(erased.body).toContain('Everything is erased');
    expect(erased.body).not.toContain('passkey');
    const { answer } = await logIn(subject, phone, undefined, generous);
    expect(answer.location).toBe('/details');
  });

  it('is one of ten at most', async () => {
    const visitor = await proved(newSubject());
    for (let count = 0; count < 10; count += 1) {
      await make(visitor, createAuthenticator(patientUrl));
    }
    const answer = await make(visitor, createAuthenticator(patientUrl));
    expect(answer.body).toContain('You have too many passkeys.');
    expect(answer.body.match(/\/remove"/g)).toHaveLength(10);
  });

  it('says nothing in the database of who has it, nor which it is', async () => {
    const { subject, phone } = await withPasskey();
    const { rows } = await database.admin.query(
      'select * from passkeys where organisation_id = $1',
      [organisationId],
    );
    const raw = Buffer.from(phone.credentialId, 'base64url');
    for (const row of rows) {
      for (const value of Object.values(row)) {
        const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
        for (const secret of [Buffer.from(subject), raw, Buffer.from(phone.credentialId)]) {
          expect(bytes.includes(secret)).toBe(false);
        }
      }
    }
  });

  it('that nobody has used for 400 days is forgotten', async () => {
    const everyId = 'select id from passkeys';
    const idsBefore = (await database.admin.query(everyId)).rows.map(({ id }) => id);
    const old = await withPasskey();
    await database.admin.query(
      'update passkeys set used_on = current_date - 402 where id <> all($1)',
      [idsBefore],
    );
    const young = await withPasskey();
    await retireExpired({ database: database.open('scheduler'), log: silentLog });
    expect((await open({ subject: old.subject })).page.body).not.toContain('data-passkey');
    expect((await open({ subject: young.subject })).page.body).toContain('data-passkey');
  });
});

describe('the page of passkeys', () => {
  it('may run the one script of ours, and no other page any', async () => {
    const { subject } = await withPasskey();
    const { visitor, page } = await open({ subject });
    expect(page.headers['content-security-policy']).toContain(
      `script-src ${patientUrl}/passkey.js`,
    );
    expect(page.body.match(/<script/g)).toHaveLength(1);
    const pin = await visitor.get('/prove/pin');
    expect(pin.headers['content-security-policy']).not.toContain('script-src');
    expect(pin.body).not.toContain('<script');
    const script = await visitor.get('/passkey.js');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(script.body).not.toMatch(/fetch|XMLHttp|eval|innerHTML|https?:/);
  });
});
