import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import type { WebhookEndpointAnswer } from '../../src/usecases/describe-webhook-endpoint.ts';
import { webhookUseCases } from '../../src/usecases/webhook-use-cases.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createWebhookBench } from '../support/webhook-bench.ts';

const base = '/v1/webhook-endpoints';
const url = 'https://hooks.example.com/in?token=planted-token';

let database: TestDatabase;
let fixture: ApiFixture;
let organisationId: string;
let key: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const { keys } = createWebhookBench(database);
  fixture = await createApiFixture(
    (asApi) =>
      webhookUseCases({
        journal: { append: async () => {} },
        database: asApi,
        keys,
        isSandbox: true,
      }),
    database,
  );
});
beforeEach(async () => {
  organisationId = await database.createOrganisation();
  key = await fixture.key({ organisationId, scopes: ['webhooks'] });
});
afterAll(async () => {
  await fixture.close();
  await database.drop();
});

const ask = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object, as = key) =>
  fixture.request({ method, url: base + path, key: as, ...(payload && { payload }) });
const add = async (payload: object = { url }, as = key) => {
  const answer = await ask('POST', '', payload, as);
  expect(answer.statusCode).toBe(201);
  return answer.json() as WebhookEndpointAnswer & { secret: string };
};

describe('an endpoint', () => {
  it('is told with its secret when it is made, and never again', async () => {
    const { secret, ...made } = await add();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      url,
      enabled: true,
      createdAt: expect.stringMatching(/Z$/),
      position: expect.any(String),
      deliveredAt: null,
      disabled: null,
      failing: null,
      test: null,
      oldSecretEndsAt: null,
    });
    expect((await ask('GET', '')).json()).toEqual({ endpoints: [made] });
    expect((await ask('GET', `/${made.id}`)).json()).toEqual(made);
  });

  it('is turned off and on, and gets another address; what is not named stays', async () => {
    const { id } = await add();
    const off = (await ask('PUT', `/${id}`, { enabled: false })).json();
    expect(off).toMatchObject({ url, enabled: false, disabled: { reason: 'by_request' } });
    const other = 'https://other.example.com:8443/in';
    const moved = (await ask('PUT', `/${id}`, { url: other })).json();
    expect(moved).toMatchObject({ url: other, enabled: false });
    const on = (await ask('PUT', `/${id}`, { enabled: true })).json();
    expect(on).toMatchObject({ url: other, enabled: true, disabled: null });
  });

  it('is gone once deleted', async () => {
    const { id } = await add();
    const answer = await ask('DELETE', `/${id}`);
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect((await ask('GET', '')).json()).toEqual({ endpoints: [] });
    expect((await ask('DELETE', `/${id}`)).statusCode).toBe(404);
  });

  it('is one of few, counted for each mode', async () => {
    for (let count = 0; count < limits.webhookEndpointsMax; count += 1) await add();
    const answers = await Promise.all([ask('POST', '', { url }), ask('POST', '', { url })]);
    for (const answer of answers) {
      expect(answer.statusCode).toBe(422);
      expect(answer.json()).toMatchObject({ errors: [{ pointer: '', code: 'too_many' }] });
    }
    await add({ url }, await fixture.key({ organisationId, mode: 'live' }));
  });

  it('is one of few, also where many are asked for at once', async () => {
    const asked = Array.from({ length: 12 }, () => ask('POST', '', { url }));
    const made = (await Promise.all(asked)).filter(({ statusCode }) => statusCode === 201);
    expect(made).toHaveLength(limits.webhookEndpointsMax);
  });

  it('is not found by another organisation, in another mode, nor by what is no id', async () => {
    const { id } = await add();
    const foreign = await database.createOrganisation();
    const others = [
      await fixture.key({ organisationId: foreign }),
      await fixture.key({ organisationId, mode: 'live' }),
    ];
    const bodies = new Set<string>();
    const routes = [
      ['GET', '', undefined],
      ['PUT', '', { enabled: false }],
      ['DELETE', '', undefined],
      ['POST', '/rotate-secret', { overlapHours: 0 }],
      ['POST', '/test', undefined],
      ['POST', '/replay', { after: null }],
      ['GET', '/failures', undefined],
    ] as const;
    for (const [method, path, payload] of routes) {
      for (const as of others) {
        const answer = await ask(method, `/${id}${path}`, payload, as);
        expect(answer.statusCode, `${method} ${path}`).toBe(404);
        bodies.add(answer.body);
      }
      const noId = await ask(method, `/x${path}`, payload);
      expect(noId.statusCode).toBe(404);
      bodies.add(noId.body);
    }
    expect(bodies.size).toBe(1);
    expect((await ask('GET', `/${id}`)).json()).toMatchObject({ enabled: true, test: null });
  });
});

describe('an address', () => {
  it.each([
    ['http://hooks.example.com/in', 'invalid_url'],
    ['https://hooks.example.com:22/in', 'invalid_url'],
    ['https://planted-token@hooks.example.com/in', 'invalid_url'],
    ['https://169.254.169.254/latest/meta-data/', 'private_address'],
    ['https://0x7f000001/', 'private_address'],
    ['https://localhost/', 'private_address'],
    ['', 'too_short'],
    [7, 'invalid_type'],
  ])('like %j is refused, when it is made and when it is changed', async (wrong, code) => {
    const { id } = await add();
    for (const answer of [
      await ask('POST', '', { url: wrong }),
      await ask('PUT', `/${id}`, { url: wrong, enabled: false }),
    ]) {
      expect(answer.statusCode).toBe(422);
      expect(answer.json()).toMatchObject({ errors: [{ pointer: '/url', code }] });
      expect(answer.body).not.toContain('planted-token');
    }
    expect((await ask('GET', `/${id}`)).json()).toMatchObject({ url, enabled: true });
  });

  it('may be on this machine in test mode of a sandbox, and nowhere else', async () => {
    const local = { url: 'http://127.0.0.1:4000/in' };
    await add(local);
    const live = await fixture.key({ organisationId, mode: 'live' });
    expect((await ask('POST', '', local, live)).statusCode).toBe(422);
    const { keys } = createWebhookBench(database);
    const real = webhookUseCases({
      journal: { append: async () => {} },
      database: database.open('api'),
      keys,
      isSandbox: false,
    });
    const made = real.createWebhookEndpoint({
      organisationId,
      mode: 'test',
      credentialId: organisationId,
      url: local.url,
    });
    await expect(made).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('leaves no trace in the log nor in the audit, where its changes stand', async () => {
    const { id, secret } = await add();
    await ask('PUT', `/${id}`, { url: `${url}2` });
    await ask('POST', `/${id}/rotate-secret`);
    await ask('POST', `/${id}/test`);
    await ask('POST', `/${id}/replay`, { after: null });
    await ask('DELETE', `/${id}`);
    const { rows } = await database.admin.query(
      'select actor, action, subject, reason from audit where organisation_id = $1 and subject = $2 order by id',
      [organisationId, id],
    );
    expect(rows.map(({ action }) => action)).toEqual(
      ['create', 'change', 'rotate', 'test', 'replay', 'delete'].map((what) => `webhook.${what}`),
    );
    expect(rows.every(({ actor }) => /^credential [0-9a-f-]{36}$/.test(actor))).toBe(true);
    const traces = JSON.stringify(rows) + fixture.logged.join('\n');
    expect(traces).not.toMatch(/planted-token|hooks\.example|whsec/);
    expect(traces).not.toContain(secret);
  });
});

describe('what is asked of an endpoint', () => {
  it.each([
    ['/rotate-secret', { overlapHours: -1 }, '/overlapHours', 'invalid_value'],
    ['/rotate-secret', { overlapHours: 169 }, '/overlapHours', 'invalid_value'],
    ['/rotate-secret', { overlap: 1 }, '/overlap', 'unknown_field'],
    ['/replay', {}, '/after', 'required'],
    ['/replay', { after: 'bm9uc2Vuc2U' }, '/after', 'invalid_value'],
    ['/replay', { after: '' }, '/after', 'too_short'],
  ])('is refused where it is wrong: %s %j', async (path, payload, pointer, code) => {
    const { id } = await add();
    const answer = await ask('POST', `/${id}${path}`, payload);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ errors: [{ pointer, code }] });
  });

  it('may leave out what has a default', async () => {
    const { id, secret } = await add();
    const rotated = (await ask('POST', `/${id}/rotate-secret`)).json();
    expect(rotated.secret).not.toBe(secret);
    const hours = (Date.parse(rotated.oldSecretEndsAt) - Date.now()) / 3_600_000;
    expect(hours).toBeCloseTo(limits.webhookOverlapHoursDefault, 1);
    const tested = await ask('POST', `/${id}/test`);
    expect([tested.statusCode, tested.json().test.result]).toEqual([202, null]);
    expect((await ask('GET', `/${id}/failures?limit=5`)).json()).toEqual({ failures: [] });
  });

  it('waits while nobody has published a key to seal its secret to', async () => {
    const without = await createApiFixture(() => ({}), database);
    const answer = await without.request({ method: 'POST', url: base, key, payload: { url } });
    expect(answer.json()).toMatchObject({ status: 503, code: 'key_missing' });
    expect(answer.headers['retry-after']).toBe('5');
    await without.close();
    expect((await ask('GET', '')).json()).toEqual({ endpoints: [] });
  });
});
