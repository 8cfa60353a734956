import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { runApi } from '../../src/roles/api.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { registerPublicKey } from '../../src/usecases/register-public-key.ts';
import { appointmentRequest, createTestKeys } from '../support/accept.ts';
import { awayFromHourEnd } from '../support/away-from-hour-end.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { createSigner, signRequest } from '../support/signed-request.ts';

let database: TestDatabase;
let folder: string;
let organisationId: string;
let keys: Awaited<ReturnType<typeof createTestKeys>>;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  keys = await createTestKeys([organisationId]);
  folder = await mkdtemp(join(tmpdir(), 'sotto-api-'));
});
afterAll(async () => {
  await database.drop();
  await keys.remove();
  await rm(folder, { recursive: true });
});

async function configure(change: Record<string, string> = {}) {
  return loadConfig({
    API_PORT: String(await freePort()),
    DATABASE_URL: database.roleUrls.api.reveal(),
    DATA_DIR: folder,
    KEYSTORE: `file:${keys.directory}`,
    LOG_LEVEL: 'silent',
    ...change,
  });
}

interface AnswerBody {
  id: string;
  reminders: unknown[];
  receipt: string;
  events: { type: string }[];
  keys: unknown[];
}

describe('the api process', () => {
  it('accepts, tells, cancels and erases an appointment', async () => {
    const config = await configure();
    const api = await runApi(config);
    try {
      const { key } = await createApiKey(
        { adminUrl: database.adminUrl },
        { organisationId, mode: 'test' },
      );
      const call = async (method: string, path: string, body?: unknown) => {
        const answer = await fetch(`${config.API_URL}${path}`, {
          method,
          headers: {
            authorization: `Bearer ${key.reveal()}`,
            ...(body ? { 'content-type': 'application/json' } : {}),
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        return { status: answer.status, body: (await answer.json()) as AnswerBody };
      };
      const body = appointmentRequest().reveal();

      const created = await call('PUT', '/v1/appointments/visit-1', body);
      expect(created).toMatchObject({
        status: 201,
        body: { reference: 'visit-1', version: 1, state: 'booked', language: 'fr' },
      });
      expect(created.body.reminders).toHaveLength(1);
      expect(created.body.receipt).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(created.body).not.toHaveProperty('created');

      expect(await call('PUT', '/v1/appointments/visit-1', body)).toMatchObject({
        status: 200,
        body: { id: created.body.id, version: 2 },
      });
      expect(await call('GET', '/v1/appointments/visit-1')).toMatchObject({
        status: 200,
        body: { version: 2, state: 'booked', reminders: [{ state: 'scheduled', sentAt: null }] },
      });
      expect(await call('DELETE', '/v1/appointments/visit-1')).toMatchObject({
        status: 200,
        body: { state: 'cancelled', reminders: [{ state: 'cancelled' }] },
      });
      expect(await call('GET', '/v1/appointments/visit-1')).toMatchObject({
        status: 200,
        body: { state: 'cancelled' },
      });
      expect(await call('DELETE', '/v1/appointments/visit-1?erase=true')).toMatchObject({
        status: 200,
        body: { state: 'erased' },
      });
      const listTypes = async () =>
        (await call('GET', '/v1/events')).body.events.map(({ type }) => type);
      await expect
        .poll(listTypes)
        .toEqual(
          expect.arrayContaining([
            'appointment.accepted',
            'appointment.cancelled',
            'appointment.erased',
          ]),
        );
      const jwks = await call('GET', '/.well-known/jwks.json');
      expect(jwks.body.keys).toEqual([expect.not.objectContaining({ d: expect.anything() })]);
      expect(await call('GET', '/readyz')).toEqual({
        status: 200,
        body: { status: 'ok', checks: { postgres: { status: 'ok' }, keys: { status: 'ok' } } },
      });
    } finally {
      await api.close();
    }
  });

  it.each([
    ['nobody', {}, 401],
    ['its proxy', { TRUSTED_PROXIES: '127.0.0.1' }, 200],
  ])('takes the word of %s for where a request comes from', async (_whose, change, status) => {
    const config = await configure(change);
    const api = await runApi(config);
    try {
      const { key } = await createApiKey(
        { adminUrl: database.adminUrl },
        { organisationId, mode: 'test', networks: ['192.0.2.7'] },
      );
      const headers = { authorization: `Bearer ${key.reveal()}`, 'x-forwarded-for': '192.0.2.7' };
      const answer = await fetch(`${config.API_URL}/v1/events`, { headers });
      expect(answer.status).toBe(status);
    } finally {
      await api.close();
    }
  });

  it('takes a signed request once, and no more than the ceiling of its organisation', async () => {
    await awayFromHourEnd();
    const config = await configure();
    const api = await runApi(config);
    try {
      const bounded = await database.createOrganisation({ appointments_per_hour: 1 });
      await keys.keys.ensureViewKeys({ organisationIds: [bounded], months: keys.months });
      const signer = await createSigner();
      const { id } = await registerPublicKey(
        { adminUrl: database.adminUrl },
        { organisationId: bounded, mode: 'test', key: signer.key },
      );
      const sign = (claims: Record<string, unknown>, body?: string) =>
        signRequest(signer, { id, body, claims: { aud: config.API_URL, ...claims } });
      const call = async (path: string, token: string, body?: string) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const answer = await fetch(
          `${config.API_URL}${path}`,
          body === undefined ? { headers } : { method: 'PUT', headers, body },
        );
        return [answer.status, ((await answer.json()) as { code?: string }).code];
      };
      const token = await sign({});
      expect(await call('/v1/appointments', token)).toEqual([200, undefined]);
      expect(await call('/v1/appointments', token)).toEqual([401, 'token_replayed']);

      const body = JSON.stringify(appointmentRequest().reveal());
      const put = async (path: string) =>
        call(path, await sign({ method: 'PUT', path }, body), body);
      expect(await put('/v1/appointments/within')).toEqual([201, undefined]);
      expect(await put('/v1/appointments/beyond')).toEqual([429, 'quota_exceeded']);
    } finally {
      await api.close();
    }
  });

  it('signs no receipt any more, and accepts nothing, ten seconds after its key was removed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const config = await configure();
    const api = await runApi(config);
    const file = join(keys.directory, 'api/receipt/1.key');
    try {
      const { key } = await createApiKey(
        { adminUrl: database.adminUrl },
        { organisationId, mode: 'test' },
      );
      const put = async (reference: string) => {
        const answer = await fetch(`${config.API_URL}/v1/appointments/${reference}`, {
          method: 'PUT',
          headers: {
            authorization: `Bearer ${key.reveal()}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify(appointmentRequest().reveal()),
        });
        return answer.status;
      };
      expect(await put('visit-3')).toBe(201);
      await rename(file, `${file}.away`);
      vi.advanceTimersByTime(10_000);
      let reference = 3;
      await expect.poll(() => put(`visit-${++reference}`)).toBe(503);
      const { rows } = await database.admin.query('select from appointments where reference = $1', [
        `visit-${reference}`,
      ]);
      expect(rows).toEqual([]);
    } finally {
      vi.useRealTimers();
      await rename(`${file}.away`, file).catch(() => {});
      await api.close();
    }
  });

  it('refuses to run as another role, and says so in a line', async () => {
    const config = await configure({ DATABASE_URL: database.roleUrls.worker.reveal() });
    await expect(runApi(config)).rejects.toThrow('DATABASE_URL must sign in as sotto_api.');
  });

  it('refuses to run as a superuser', async () => {
    const config = await configure({ DATABASE_URL: database.adminUrl.reveal() });
    await expect(runApi(config)).rejects.toThrow('The database user is a superuser.');
  });

  it('answers what is on its way before it ends, and takes nothing after', async () => {
    const config = await configure();
    const api = await runApi(config);
    const holder = await database.admin.connect();
    const { key } = await createApiKey(
      { adminUrl: database.adminUrl },
      { organisationId, mode: 'test' },
    );
    try {
      // The request waits behind this lock until the process has been told to end.
      await holder.query('begin; lock table appointments in access exclusive mode');
      const slow = fetch(`${config.API_URL}/v1/appointments/visit-2`, {
        headers: { authorization: `Bearer ${key.reveal()}` },
      });
      const waiting = `select from pg_locks where not granted and relation = 'appointments'::regclass`;
      await expect.poll(async () => (await database.admin.query(waiting)).rowCount).toBe(1);
      const closed = api.close();
      await expect
        .poll(() => fetch(`${config.API_URL}/livez`).catch(() => 'refused'))
        .toBe('refused');
      await holder.query('rollback');
      expect((await slow).status).toBe(404);
      await closed;
    } finally {
      holder.release();
    }
  });
});
