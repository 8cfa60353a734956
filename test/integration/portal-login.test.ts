import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Recipient } from '../../src/domain/appointment.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type LyingProvider, startLyingProvider } from '../support/lying-provider.ts';
import {
  type PageAnswer,
  type PatientPages,
  patientUrl,
  startPatientPages,
  type Visitor,
} from '../support/patient-pages.ts';
import { seedAppointment, seededRequest, seedNewVersion } from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let provider: LyingProvider;
let organisationId: string;

const subject = '7f3d0c1e-opaque';
const birthDate = '1980-02-14';
const { practitioner } = seededRequest.details;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  provider = await startLyingProvider();
  organisationId = await withPortal();
});
afterEach(() => {
  provider.lies = {};
  provider.clientId = 'sotto';
});
afterAll(async () => {
  await provider.close();
  await pages.close();
  await database.drop();
});

async function withPortal(columns: Record<string, unknown> = {}): Promise<string> {
  const id = await database.createOrganisation({});
  const set = {
    portal_issuer: provider.issuer,
    portal_client_id: 'sotto',
    portal_acr_values: ['mfa', 'hardware'],
    portal_max_age_minutes: 5,
    ...columns,
  };
  const names = Object.keys(set);
  await database.admin.query(
    `update organisations set ${names.map((name, index) => `${name} = $${index + 2}`).join(', ')}
     where id = $1`,
    [id, ...Object.values(set)],
  );
  return id;
}

const recipientWith = (known: Partial<Recipient>): Recipient => ({
  phone: '+33639980001',
  language: 'en',
  ...known,
});
const seed = (known: Partial<Recipient> = { subject, birthDate }, owner = organisationId) =>
  seedAppointment(pages.seed, {
    organisationId: owner,
    request: { ...seededRequest, recipient: recipientWith(known) },
  });

/** Somebody who opened a link of this recipient and typed the birth date right. */
async function atThePortal(known?: Partial<Recipient>, owner = organisationId): Promise<Visitor> {
  const { link } = await seed(known, owner);
  const visitor = pages.visitor();
  await visitor.open(link.token);
  await visitor.proveBirthDate(birthDate);
  return visitor;
}

/** Goes to the provider, and says where it was led. */
async function leave(visitor: Visitor): Promise<URL> {
  const answer = await visitor.get('/portal/start');
  expect(answer.status).toBe(303);
  const url = new URL(answer.location ?? '');
  provider.nonce = url.searchParams.get('nonce') ?? '';
  provider.subject = subject;
  return url;
}

/** The address that a provider sends somebody back to. */
function wayBack(url: URL, changes: Record<string, string | undefined> = {}): string {
  const { pathname } = new URL(url.searchParams.get('redirect_uri') ?? '');
  const query = {
    code: 'given',
    state: url.searchParams.get('state') ?? '',
    iss: provider.issuer,
    ...changes,
  };
  const kept = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  return `${pathname}?${new URLSearchParams(kept)}`;
}

async function expectShut(visitor: Visitor, answer: PageAnswer, problem = 'refused') {
  expect([answer.status, answer.location]).toEqual([303, `/prove/portal?problem=${problem}`]);
  const page = await visitor.get(answer.location ?? '');
  expect(page.step).toBe('prove');
  expect((await visitor.get('/details')).body).not.toContain(practitioner);
}

describe('the way to a portal', () => {
  it('asks for a code with PKCE, state, nonce, age and ways to log in, and says nothing of anybody', async () => {
    const url = await leave(await atThePortal());
    expect(url.origin).toBe(provider.issuer);
    const { state, nonce, code_challenge, ...asked } = Object.fromEntries(url.searchParams);
    expect(asked).toEqual({
      client_id: 'sotto',
      redirect_uri: `${patientUrl}/portal/return/${organisationId}`,
      response_type: 'code',
      scope: 'openid',
      code_challenge_method: 'S256',
      max_age: '300',
      acr_values: 'mfa hardware',
      ui_locales: 'en',
    });
    for (const random of [state, nonce, code_challenge]) expect(random).toMatch(/^[\w-]{43}$/);
  });

  it('is not shown to somebody who knows the link alone, nor is whose portal it is', async () => {
    const { link } = await seed();
    const visitor = pages.visitor();
    const question = await visitor.open(link.token);
    expect(question.body).toContain('name="birth-day"');
    expect(question.body).not.toContain('/portal');
    for (const path of ['/prove/portal', '/portal/start']) {
      expect((await visitor.get(path)).location).toBe('/prove');
    }
    const back = await visitor.get(`/portal/return/${organisationId}?code=x&state=y`);
    expect(back.location).toBe('/prove');
  });

  it('is the same page for two organisations, each before its proof', async () => {
    const other = await withPortal({ portal_issuer: 'https://elsewhere.example.org' });
    const bodies = await Promise.all(
      [organisationId, other].map(async (owner) => {
        const { link } = await seed({ subject, birthDate }, owner);
        const { body } = await pages.visitor().open(link.token);
        return body.replace(/name="form" value="[^"]+"/, '');
      }),
    );
    expect(bodies[0]).toBe(bodies[1]);
  });

  it('opens everything to whoever logs in as the recipient', async () => {
    const visitor = await atThePortal();
    expect((await visitor.get('/details')).body).not.toContain(practitioner);
    const url = await leave(visitor);
    const answer = await visitor.get(wayBack(url));
    expect(answer.location).toBe('/details');
    expect((await visitor.get('/details')).body).toContain(practitioner);
    const asked = provider.asked.at(-1);
    expect(asked?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
    expect(asked?.get('client_assertion_type')).toMatch(/jwt-bearer$/);
    expect(asked?.has('client_secret')).toBe(false);
  });

  it('is asked with the newest of our keys, once another was made, and with none that is gone', async () => {
    const logIn = async () => {
      const visitor = await atThePortal();
      expect((await visitor.get(wayBack(await leave(visitor)))).location).toBe('/details');
      const [header = ''] = provider.asked.at(-1)?.get('client_assertion')?.split('.') ?? [];
      return JSON.parse(Buffer.from(header, 'base64url').toString()).kid;
    };
    const before = await logIn();
    const made = await pages.keys.addKey('portal');
    await pages.keys.removeKey('portal', before.replace('portal-', ''));
    expect(await logIn()).toBe(`portal-${made?.id}`);
    expect(made?.id).not.toBe(before);
  });

  it('leads on after the birth date and shows no time, under the strict policy', async () => {
    const strict = await withPortal({ proof_policy: 'strict', birth_date_opens_all: true });
    const { link } = await seed({ subject, birthDate }, strict);
    const visitor = pages.visitor();
    expect((await visitor.open(link.token)).body).toContain('name="birth-day"');
    expect((await visitor.proveBirthDate('1980-02-15')).step).toBe('prove');
    expect((await visitor.get('/prove/portal')).location).toBe('/prove');
    expect((await visitor.proveBirthDate(birthDate)).location).toBe('/prove');
    expect((await visitor.get('/details')).step).toBeUndefined();
    expect((await visitor.get('/prove')).body).toContain('href="/portal/start"');
    const url = await leave(visitor);
    expect((await visitor.get(wayBack(url))).location).toBe('/details');
    expect((await visitor.get('/details')).body).toContain(practitioner);
  });

  it('is there at once where one portal serves all, the same for every organisation', async () => {
    const portal = { issuer: provider.issuer, clientId: 'all', acrValues: [], maxAgeMinutes: 10 };
    const all = await startPatientPages(database, {}, undefined, { portalForAll: portal });
    try {
      provider.clientId = 'all';
      const walks = await Promise.all(
        [organisationId, await database.createOrganisation()].map(async (owner) => {
          const request = { ...seededRequest, recipient: recipientWith({ subject }) };
          const { link } = await seedAppointment(all.seed, { organisationId: owner, request });
          const visitor = all.visitor();
          return { visitor, page: await visitor.open(link.token), url: await leave(visitor) };
        }),
      );
      const [one, other] = walks;
      expect(one?.page.body).toBe(other?.page.body);
      const told = walks.map(({ url }) => {
        for (const random of ['state', 'nonce', 'code_challenge']) url.searchParams.set(random, '');
        return url.href;
      });
      expect(told[0]).toBe(told[1]);
      const visitor = other?.visitor as Visitor;
      const answer = await visitor.get(wayBack(await leave(visitor)));
      expect(answer.location).toBe('/details');
      expect((await visitor.get('/details')).body).toContain(practitioner);
    } finally {
      await all.close();
    }
  });
});

describe('whoever comes back from a portal', () => {
  const now = () => Math.floor(Date.now() / 1000);
  it.each<[string, () => LyingProvider['lies']]>([
    ['another subject', () => ({ claims: { sub: 'somebody-else' } })],
    ['the email for a subject', () => ({ claims: { sub: 'x', email: 'lea@example.org' } })],
    ['another nonce', () => ({ claims: { nonce: 'n'.repeat(43) } })],
    ['no nonce', () => ({ claims: { nonce: undefined } })],
    ['another issuer', () => ({ claims: { iss: 'https://other.example' } })],
    ['a token for another client', () => ({ claims: { aud: 'other' } })],
    ['a token for another client too', () => ({ claims: { aud: ['sotto', 'other'] } })],
    ['a way to log in that is not enough', () => ({ claims: { acr: 'password' } })],
    ['no word of the way to log in', () => ({ claims: { acr: undefined } })],
    ['a login of long ago', () => ({ claims: { auth_time: now() - 5 * 60 - 60 } })],
    ['no word of when', () => ({ claims: { auth_time: undefined } })],
    ['a token that is over', () => ({ claims: { exp: now() - 60 } })],
    ['a token without a signature', () => ({ signature: 'none' })],
    ['a token signed with what everybody knows', () => ({ signature: 'HS256' })],
    ['a token signed by a stranger', () => ({ signature: 'of_a_stranger' })],
  ])('with %s in the token is refused', async (_name, lies) => {
    const visitor = await atThePortal();
    const url = await leave(visitor);
    provider.lies = lies();
    await expectShut(visitor, await visitor.get(wayBack(url)));
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['another state', { state: 'x'.repeat(43) }],
    ['no state', { state: undefined }],
    ['the name of another provider', { iss: 'https://other.example' }],
    ['no name of a provider', { iss: undefined }],
    ['no code', { code: undefined }],
  ])('with %s is refused, and nothing is asked of the provider', async (_name, changes) => {
    const visitor = await atThePortal();
    const url = await leave(visitor);
    const { length } = provider.asked;
    await expectShut(visitor, await visitor.get(wayBack(url, changes)));
    expect(provider.asked).toHaveLength(length);
  });

  it('a second time is refused, in the same session or after it', async () => {
    const visitor = await atThePortal();
    const back = wayBack(await leave(visitor));
    provider.lies = { claims: { acr: 'password' } };
    await expectShut(visitor, await visitor.get(back));
    provider.lies = {};
    const { length } = provider.asked;
    await expectShut(visitor, await visitor.get(back));
    expect(provider.asked).toHaveLength(length);
  });

  it('in another browser is refused, with a visit of its own or without', async () => {
    const began = await atThePortal();
    const back = wayBack(await leave(began));
    const bare = await pages.visitor().get(back);
    expect([bare.status, bare.location]).toEqual([200, undefined]);
    expect(bare.body).not.toContain(practitioner);
    const other = await atThePortal();
    await expectShut(other, await other.get(back));
    // Not even with the cookie of who began, who is somewhere else: the visit is another.
    other.cookies.set('__Host-portal', began.cookies.get('__Host-portal') ?? '');
    await expectShut(other, await other.get(back));
  });

  it('after another link was opened meanwhile is refused', async () => {
    const visitor = await atThePortal();
    const back = wayBack(await leave(visitor));
    const { link } = await seed();
    await visitor.open(link.token);
    await visitor.proveBirthDate(birthDate);
    await expectShut(visitor, await visitor.get(back));
  });

  it('too late is refused', async () => {
    const visitor = await atThePortal();
    const back = wayBack(await leave(visitor));
    pages.advance({ minutes: 9 });
    await visitor.get('/details');
    pages.advance({ minutes: 2 });
    const { length } = provider.asked;
    await expectShut(visitor, await visitor.get(back));
    expect(provider.asked).toHaveLength(length);
  });

  it('to the return address of another organisation is refused: what one provider gave goes to no other', async () => {
    const other = await withPortal({ portal_client_id: 'other' });
    const visitor = await atThePortal();
    const url = await leave(visitor);
    const { length } = provider.asked;
    const back = wayBack(url).replace(organisationId, other);
    await expectShut(visitor, await visitor.get(back));
    await leave(visitor);
    await expectShut(visitor, await visitor.get(back.replace(`/${other}`, '')));
    expect(provider.asked).toHaveLength(length);
  });

  it('is refused where the organisation has another portal by then', async () => {
    const owner = await withPortal();
    const visitor = await atThePortal({ subject, birthDate }, owner);
    const back = wayBack(await leave(visitor));
    await database.admin.query(`update organisations set portal_client_id = 'new' where id = $1`, [
      owner,
    ]);
    await expectShut(visitor, await visitor.get(back));
  });
});

describe('a subject', () => {
  it('counts for the portal that was set when its version was accepted, and for none set later', async () => {
    const owner = await withPortal();
    const seeded = await seed({ subject, birthDate, pin: '482913' }, owner);
    const ways = async () => {
      const visitor = pages.visitor();
      await visitor.open(seeded.link.token);
      await visitor.proveBirthDate(birthDate);
      return (await visitor.get('/details')).body.includes('/prove/portal');
    };
    expect(await ways()).toBe(true);
    const set = (issuer: string) =>
      database.admin.query('update organisations set portal_issuer = $2 where id = $1', [
        owner,
        issuer,
      ]);
    await set('https://elsewhere.example.org');
    expect(await ways()).toBe(false);
    await set(provider.issuer);
    expect(await ways()).toBe(false);
    const request = {
      ...seededRequest,
      recipient: recipientWith({ subject, birthDate, pin: '482913' }),
    };
    await seedNewVersion(pages.seed, { seeded, version: 2, request });
    expect(await ways()).toBe(true);
  });

  it('without a birth date leads to no portal of an organisation’s own', async () => {
    const { link } = await seed({ subject, pin: '482913' });
    const visitor = pages.visitor();
    const question = await visitor.open(link.token);
    expect(question.body).toContain('name="pin"');
    expect(question.body).not.toContain('portal');
  });
});

describe('a portal that cannot be used', () => {
  it('says so in clear words, and leaves the other ways', async () => {
    const owner = await withPortal({ portal_issuer: 'http://localhost:9' });
    const visitor = await atThePortal({ subject, birthDate, pin: '482913' }, owner);
    const answer = await visitor.get('/portal/start');
    await expectShut(visitor, answer, 'unavailable');
    const page = await visitor.get(answer.location ?? '');
    expect(page.body).toContain('The login page cannot be reached at the moment.');
    expect(page.body).toContain('href="/prove/pin"');
    await visitor.get('/prove/pin');
    expect((await visitor.prove('482913')).location).toBe('/details');
  });

  it.each<[string, string, LyingProvider['lies'], Record<string, string | undefined>]>([
    ['is broken', 'unavailable', { answer: (response) => void response.writeHead(502).end() }, {}],
    ['hangs up', 'unavailable', { answer: (response) => void response.destroy() }, {}],
    [
      'leads elsewhere',
      'refused',
      { answer: (response) => void response.writeHead(302, { location: '/x' }).end() },
      {},
    ],
    [
      'knows the code no more',
      'refused',
      {
        answer: (response) =>
          void response
            .writeHead(400, { 'content-type': 'application/json' })
            .end('{"error":"invalid_grant"}'),
      },
      {},
    ],
    [
      'says too much',
      'unavailable',
      {
        answer: (response) =>
          void response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(`{"access_token":"${'a'.repeat(300_000)}"}`),
      },
      {},
    ],
    ['was left', 'cancelled', {}, { code: undefined, error: 'access_denied' }],
    ['is overloaded', 'unavailable', {}, { code: undefined, error: 'temporarily_unavailable' }],
  ])('because it %s is told as %s', async (_name, problem, lies, changes) => {
    const visitor = await atThePortal();
    const url = await leave(visitor);
    provider.lies = lies;
    await expectShut(visitor, await visitor.get(wayBack(url, changes)), problem);
  });

  it.each([
    ['another name than its own', { issuer: 'https://other.example' }],
    ['a place inside for its tokens', { token_endpoint: 'https://169.254.169.254/token' }],
  ])('because it gives %s is not believed', async (_name, description) => {
    const liar = await startLyingProvider();
    try {
      liar.lies = { description };
      const owner = await withPortal({ portal_issuer: liar.issuer });
      const visitor = await atThePortal({ subject, birthDate }, owner);
      const begun = await visitor.get('/portal/start');
      if (begun.location?.startsWith(liar.issuer)) {
        const url = new URL(begun.location);
        const back = wayBack(url, { iss: liar.issuer });
        await expectShut(visitor, await visitor.get(back), 'unavailable');
      } else await expectShut(visitor, begun, 'unavailable');
      expect(liar.asked).toEqual([]);
    } finally {
      await liar.close();
    }
  });
});

describe('what providers are told of us', () => {
  it('are the public halves of our keys, and nothing that signs', async () => {
    const { status, body } = await pages.visitor().get('/portal/jwks.json');
    expect(status).toBe(200);
    const { keys } = JSON.parse(body) as { keys: object[] };
    expect(keys).toEqual([
      {
        ...{
          kty: 'EC',
          crv: 'P-256',
          alg: 'ES256',
          use: 'sig',
          kid: expect.stringMatching(/^portal-\d+$/),
        },
        x: expect.any(String),
        y: expect.any(String),
      },
    ]);
  });
});
