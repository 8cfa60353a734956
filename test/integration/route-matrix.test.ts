import { randomUUID } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpsRole } from '../../src/domain/ops-role.ts';
import { Secret } from '../../src/domain/secret.ts';
import { formTokenFor } from '../../src/http/forgery.ts';
import { buildOps, type OpsDeps } from '../../src/http/ops/build-ops.ts';
import { sendCheckUseCases } from '../../src/usecases/send-check-use-cases.ts';
import { webhookUseCases } from '../../src/usecases/webhook-use-cases.ts';
import {
  appointmentRequest,
  createTestAccept,
  createTestKeys,
  silentLog,
} from '../support/accept.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { listRoutes } from '../support/list-routes.ts';
import { formIn, type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import { type RouteRow, routeRows } from '../support/route-rows.ts';
import { seedAppointment, seededPin, seededRequest } from '../support/seed-appointment.ts';
import { createWebhookBench } from '../support/webhook-bench.ts';

type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
type Listener = keyof typeof routeRows;

interface Party {
  readonly organisationId: string;
  readonly key: string;
  readonly otherModeKey: string;
  readonly reference: string;
  readonly endpointId: string;
  readonly incidentId: string;
}

let database: TestDatabase;
let fixture: ApiFixture;
let pages: PatientPages;
let ops: FastifyInstance;
let own: Party;
let foreign: Party;
let removeKeys: () => Promise<void>;
/** Who is signed in at the ops pages, by token. */
const signedIn = new Map<string, OpsRole>();

beforeAll(async () => {
  database = await createTestDatabase();
  const organisations = [await database.createOrganisation(), await database.createOrganisation()];
  const { keys, directory, remove } = await createTestKeys(organisations);
  removeKeys = remove;
  const asApi = database.open('api');
  const { keys: webhookKeys } = createWebhookBench(database);
  const accept = await createTestAccept({ database: asApi, keys, directory });
  const journal = { append: async () => {} };
  const settingDeps = { database: asApi, journal, keys: webhookKeys, isSandbox: true };
  fixture = await createApiFixture(
    () => ({
      putAppointment: accept.put,
      deleteAppointment: accept.remove,
      ...webhookUseCases(settingDeps),
      ...sendCheckUseCases(settingDeps),
    }),
    database,
  );
  pages = await startPatientPages(database);
  ops = await buildOps({
    log: silentLog,
    opsUrl: 'https://ops.test',
    apiUrl: 'https://api.test',
    trustedProxies: ['127.0.0.1'],
    ready: async () => ({}),
    recordForbidden: async () => {},
    async findVisitor(token: Secret<string>) {
      const role = signedIn.get(token.reveal());
      return role && { id: randomUUID(), name: role, role };
    },
  } as unknown as OpsDeps);
  [own, foreign] = (await Promise.all(organisations.map(makeParty))) as [Party, Party];
});
afterAll(async () => {
  await ops.close();
  await pages.close();
  await fixture.close();
  await database.drop();
  await removeKeys();
});

async function makeParty(organisationId: string): Promise<Party> {
  const key = await fixture.key({ organisationId });
  const party = {
    organisationId,
    key,
    otherModeKey: await fixture.key({ organisationId, mode: 'live' }),
    reference: `visit-${randomUUID()}`,
  };
  const call = (method: Method, url: string, payload: object) =>
    fixture.request({ method, url, payload, key });
  const put = await call(
    'PUT',
    `/v1/appointments/${party.reference}`,
    appointmentRequest().reveal(),
  );
  expect(put.statusCode).toBe(201);
  const made = await call('POST', '/v1/webhook-endpoints', {
    url: `https://hooks.example.com/${party.reference}`,
  });
  const check = { url: `https://check.example.com/${party.reference}` };
  expect((await call('PUT', '/v1/send-check', check)).statusCode).toBe(201);
  const incidentId = randomUUID();
  await database.admin.query(
    `with made as (insert into incidents (id, code, number, since)
       values ($1, 'ledger_broken', (select count(*) + 1 from incidents), now()))
     insert into incident_organisations (incident_id, organisation_id, mode) values ($1, $2, 'test')`,
    [incidentId, organisationId],
  );
  return { ...party, endpointId: made.json().id, incidentId };
}

const routesOf = async (listener: Listener): Promise<string[]> => {
  const servers = { api: fixture.api, patient: pages.app, ops };
  const found = await listRoutes(servers[listener]);
  return found.filter((route) => !route.includes(' /queues'));
};

const rows = <Row extends RouteRow>(listener: Listener, ...kinds: Row[]): string[] =>
  Object.entries(routeRows[listener])
    .filter(([, row]) => kinds.some((kind) => kind === row))
    .map(([route]) => route);

/** What a route is sent, so that it is not refused for its body. */
const bodies: Readonly<Record<string, object>> = {
  'PUT /v1/appointments/:reference': appointmentRequest().reveal(),
  'PUT /v1/organisation': { jitterMinutes: 5 },
  'PUT /v1/send-check': { onNoAnswer: 'hold' },
  'POST /v1/send-check/rotate-secret': {},
  'POST /v1/webhook-endpoints': { url: 'https://hooks.example.com/another' },
  'PUT /v1/webhook-endpoints/:id': { enabled: false },
  'POST /v1/webhook-endpoints/:id/rotate-secret': {},
  'POST /v1/webhook-endpoints/:id/replay': { after: null },
};

const targetsOf = (party: Pick<Party, 'reference' | 'endpointId' | 'incidentId'>, route: string) =>
  route
    .replace(':reference', party.reference)
    .replace(':id', route.includes('/incidents/') ? party.incidentId : party.endpointId);

function request(route: string, party: Parameters<typeof targetsOf>[0]): InjectOptions {
  const [method, url = ''] = targetsOf(party, route).split(' ');
  const payload = bodies[route];
  const query = route === 'GET /v1/ledger' ? `?from=${hour(-2)}&to=${hour(1)}` : '';
  return { method: method as Method, url: url + query, ...(payload && { payload }) };
}

const hour = (hours: number) =>
  Temporal.Now.instant().add({ hours }).round({ smallestUnit: 'hour', roundingMode: 'floor' });

/** Everything that belongs to an organisation, as one text. */
async function holdings({ organisationId }: Party): Promise<string> {
  const { rows: tables } = await database.admin.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and not c.relispartition and a.attname = 'organisation_id' and c.relname <> 'credentials'
     order by 1`,
  );
  const parts = tables.map(async ({ name }) => {
    const { rows: found } = await database.admin.query(
      `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest
       from ${name} t where organisation_id = $1`,
      [organisationId],
    );
    return `${name} ${found[0].digest}`;
  });
  return (await Promise.all(parts)).join('\n');
}

describe('the matrix', () => {
  it.each(['api', 'patient', 'ops'] as const)('has a row for every route of %s', async (name) => {
    expect((await routesOf(name)).toSorted()).toEqual(Object.keys(routeRows[name]).toSorted());
  });
});

describe('at the API', () => {
  const guarded = rows('api', 'own', 'target');
  const putting = 'PUT /v1/appointments/:reference';
  const deletesLast = (one: string, other: string) =>
    Number(one.startsWith('DELETE')) - Number(other.startsWith('DELETE'));

  it('nobody comes to a route of an organisation without a key, whatever else they hold', async () => {
    const before = await holdings(own);
    for (const route of guarded) {
      const asked = request(route, own);
      for (const headers of [
        {},
        { cookie: `__Host-session=${'a'.repeat(200)}; __Host-ops-session=${'a'.repeat(43)}` },
        { authorization: `Bearer ${'a'.repeat(43)}` },
        { 'sotto-organisation': own.organisationId },
      ]) {
        const { statusCode } = await fixture.request({ ...asked, headers });
        expect(statusCode, route).toBe(401);
      }
    }
    expect(await holdings(own)).toBe(before);
  });

  it.each(rows('api', 'target').filter((route) => route !== putting))(
    '%s answers for what is another’s as for what is not there, byte for byte, and leaves it as it is',
    async (route) => {
      const before = await holdings(foreign);
      const unknown = {
        reference: `visit-${randomUUID()}`,
        endpointId: randomUUID(),
        incidentId: randomUUID(),
      };
      for (const key of [own.key, own.otherModeKey]) {
        const [theirs, none] = await Promise.all(
          [foreign, unknown].map((party) => fixture.request({ ...request(route, party), key })),
        );
        expect(theirs?.statusCode).toBe(404);
        expect(theirs?.body).toBe(none?.body);
      }
      // Nor does naming the organisation help, which is a platform's to do.
      const named = await fixture.request({
        ...request(route, foreign),
        key: own.key,
        headers: { 'sotto-organisation': foreign.organisationId },
      });
      expect(named.statusCode).toBe(403);
      expect(await holdings(foreign)).toBe(before);
    },
  );

  it.each(guarded.toSorted(deletesLast))('%s tells its own nothing of another', async (route) => {
    const before = await holdings(foreign);
    const answer = await fixture.request({ ...request(route, own), key: own.key });
    expect([200, 201, 202, 204], answer.body).toContain(answer.statusCode);
    for (const [name, value] of Object.entries(foreign)) {
      expect(answer.body, name).not.toContain(value);
    }
    expect(await holdings(foreign)).toBe(before);
  });

  it('a reference is each organisation’s own: putting another’s makes one’s own', async () => {
    const before = await holdings(foreign);
    const put = await fixture.request({ ...request(putting, foreign), key: own.key });
    expect([put.statusCode, put.json().version]).toEqual([201, 1]);
    expect(await holdings(foreign)).toBe(before);
  });

  it.each(rows('api', 'open'))('%s answers everybody alike', async (route) => {
    const asked = request(
      route.replace(':code', 'not_found').replace(':guide', 'integrators'),
      own,
    );
    const [first, ...others] = await Promise.all(
      [undefined, own.key, foreign.key].map((key) =>
        fixture.request({ ...asked, ...(key && { key }) }),
      ),
    );
    expect(first?.statusCode).toBe(200);
    for (const other of others) expect(other?.body).toBe(first?.body);
  });

  it.each(rows('api', 'address'))(
    '%s is not there for who does not know the address',
    async (route) => {
      const url = route.split(' ')[1]?.replace(/:\w+/, 'a'.repeat(43)) ?? '';
      for (const key of [undefined, own.key]) {
        const answer = await fixture.request({
          method: 'POST',
          url,
          payload: 'MessageSid=SM1&Body=STOP',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            'x-twilio-signature': 'c2lnbmF0dXJl',
          },
          ...(key && { key }),
        });
        expect(answer.statusCode).toBe(404);
      }
    },
  );
});

describe('at the pages of patients', () => {
  /** What one appointment shows that no other does. */
  const requestOf = (word: string) => ({
    ...seededRequest,
    details: {
      ...seededRequest.details,
      practitioner: `Dr ${word} Quenouille`,
      instructions: `Venez avec ${word}`,
    },
  });

  let addresses = 0;
  async function proved(word: string) {
    const { organisationId } = word === 'Foreign' ? foreign : own;
    const seeded = await seedAppointment(pages.seed, { organisationId, request: requestOf(word) });
    addresses += 1;
    const visitor = pages.visitor({ 'x-forwarded-for': `198.51.100.${addresses}` });
    await visitor.open(seeded.link.token);
    await visitor.prove(seededPin);
    const shown = await visitor.get('/details');
    expect(shown.body).toContain(word);
    return { visitor, seeded, form: formIn(shown.body) ?? '' };
  }

  const everyRoute = (token: string) =>
    Object.keys(routeRows.patient).map((route) => {
      const [method = '', url = ''] = route.split(' ');
      return {
        method,
        url: url
          .replace(':token', token)
          .replace(':channel', 'sms')
          .replace(/:organisation|:id/, own.organisationId),
      };
    });

  it('nobody sees an appointment without its session, whatever else they hold', async () => {
    const { seeded } = await proved('Secretly');
    const forms = canaryForms({ word: 'Secretly' });
    const strangers = [{}, { authorization: `Bearer ${own.key}` }, { cookie: 'ops-session=a' }];
    for (const headers of strangers) {
      for (const { method, url } of everyRoute(seeded.link.token)) {
        const visitor = pages.visitor(headers);
        const { body } =
          method === 'GET' ? await visitor.get(url) : await visitor.post(url, { pin: '000000' });
        expect(findCanaries(forms, body), `${method} ${url}`).toEqual([]);
      }
    }
  });

  it.each(['Foreign', 'Neighbour'])(
    'a session for one link sees of another nothing at all: %s',
    async (word) => {
      const mine = await proved('Mine');
      const other = await seedAppointment(pages.seed, {
        organisationId: word === 'Foreign' ? foreign.organisationId : own.organisationId,
        request: requestOf(word),
      });
      const forms = canaryForms({ word: `Dr ${word}`, advice: `Venez avec ${word}` });
      for (const { method, url } of everyRoute('a'.repeat(68))) {
        const { body } =
          method === 'GET'
            ? await mine.visitor.get(url)
            : await mine.visitor.post(url, {
                form: mine.form,
                appointment: other.id,
                id: other.id,
              });
        expect(findCanaries(forms, body), `${method} ${url}`).toEqual([]);
        if (url === '/leave') await mine.visitor.open(mine.seeded.link.token);
        if (url === '/leave') await mine.visitor.prove(seededPin);
      }
    },
  );

  it('a session whose link leads elsewhere finds the one 404 at every address of its own', async () => {
    const mine = await proved('Mine');
    const other = await proved('Foreign');
    // As if somebody with the database had turned the link round.
    await database.admin.query(
      `update links set appointment_id = $2, organisation_id = $3 where id = $1`,
      [mine.seeded.link.id, other.seeded.id, foreign.organisationId],
    );
    const none = await pages.visitor().get(`/${'a'.repeat(68)}`);
    for (const url of ['/details', '/stop', '/held', '/erase']) {
      const answer = await mine.visitor.get(url);
      expect([answer.status, answer.body], url).toEqual([404, none.body]);
    }
    const forms = canaryForms({ word: 'Dr Foreign', advice: 'Venez avec Foreign' });
    for (const { method, url } of everyRoute(mine.seeded.link.token)) {
      const { body } =
        method === 'GET'
          ? await mine.visitor.get(url)
          : await mine.visitor.post(url, { form: mine.form, pin: seededPin });
      expect(findCanaries(forms, body), `${method} ${url}`).toEqual([]);
    }
  });
});

describe('at the pages of operators', () => {
  const ask = (route: string, headers: Record<string, string> = {}, fields = {}) => {
    const [method, url = ''] = route.replace(':id', randomUUID()).split(' ');
    return ops.inject({
      method: method as Method,
      url,
      headers: {
        // Somebody else's machine: this one may read metrics without a token.
        'x-forwarded-for': '203.0.113.5',
        ...(method === 'GET' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(method === 'GET' ? {} : { payload: new URLSearchParams(fields).toString() }),
    });
  };
  const signIn = (role: OpsRole) => {
    const token = role.padEnd(43, '0');
    signedIn.set(token, role);
    const fields = { form: formTokenFor({ id: new Secret(token) }) };
    return { headers: { cookie: `__Host-ops-session=${token}` }, fields };
  };

  it('nobody comes in with a key, a session of a patient, or none', async () => {
    const board = (await listRoutes(ops)).filter((route) => route.includes(' /queues'));
    expect(board.length).toBeGreaterThan(20);
    for (const route of [...rows('ops', 'viewer', 'operator', 'admin', 'address'), ...board]) {
      for (const headers of [
        {},
        { authorization: `Bearer ${own.key}` },
        { cookie: `__Host-session=${'a'.repeat(200)}; __Host-ops-session=${'b'.repeat(43)}` },
      ]) {
        const answer = await ask(route, headers as Record<string, string>);
        const isTurnedAway =
          answer.statusCode === 401 ||
          answer.statusCode === 403 ||
          /^\/login/.test(String(answer.headers.location));
        expect(isTurnedAway, `${route} ${answer.statusCode}`).toBe(true);
      }
    }
  });

  it.each([
    ...rows('ops', 'operator').map((route) => [route, 'operator', 'viewer'] as const),
    ...rows('ops', 'admin').map((route) => [route, 'admin', 'operator'] as const),
  ])('%s is for the role of %s, and for no %s', async (route, role, lower) => {
    const refusedTo = signIn(lower);
    const refused = await ask(route, refusedTo.headers, refusedTo.fields);
    expect(refused.statusCode).toBe(403);
    const admitted = signIn(role);
    expect((await ask(route, admitted.headers, admitted.fields)).statusCode).not.toBe(403);
    if (route.startsWith('GET')) return;
    // Nor does it work without the form of the session.
    expect((await ask(route, admitted.headers)).statusCode).toBe(403);
    expect((await ask(route, admitted.headers, refusedTo.fields)).statusCode).toBe(403);
  });
});
