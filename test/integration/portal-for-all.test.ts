import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { runApi } from '../../src/roles/api.ts';
import { runPatient } from '../../src/roles/patient.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { type LyingProvider, startLyingProvider } from '../support/lying-provider.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { seedAppointment, seededRequest } from '../support/seed-appointment.ts';

let database: TestDatabase;
let provider: LyingProvider;
let folder: string;
let organisationId: string;
let keys: Awaited<ReturnType<typeof createTestKeys>>;

beforeAll(async () => {
  database = await createTestDatabase();
  provider = await startLyingProvider();
  folder = await mkdtemp(join(tmpdir(), 'sotto-portal-'));
  organisationId = await database.createOrganisation({
    ...{ portal_issuer: 'https://login.example', portal_client_id: 'own' },
    portal_max_age_minutes: 60,
  });
  keys = await createTestKeys([organisationId]);
});
afterAll(async () => {
  await provider.close();
  await database.drop();
  await keys.remove();
  await rm(folder, { recursive: true });
});

const configOf = async (role: 'api' | 'patient') =>
  loadConfig({
    ...{ API_PORT: `${await freePort()}`, PATIENT_PORT: `${await freePort()}` },
    DATABASE_URL: database.roleUrls[role].reveal(),
    ...{ DATA_DIR: folder, KEYSTORE: `file:${keys.directory}`, LOG_LEVEL: 'silent' },
    ...{ TWILIO_ACCOUNT_SID: `ACsandbox${'0'.repeat(25)}`, TWILIO_AUTH_TOKEN: 'token' },
    TWILIO_FROM: '+33700000000',
    ...{ PORTAL_ISSUER: provider.issuer, PORTAL_CLIENT_ID: 'all' },
    ...{ PORTAL_ACR: 'mfa hardware', PORTAL_MAX_AGE_MINUTES: '5' },
  });

describe('where one portal serves all', () => {
  it('patients of an organisation that had its own are led there, with what is asked of a login', async () => {
    const config = await configOf('patient');
    const patient = await runPatient(config);
    try {
      const store = fileKeyStore(keys.directory);
      const deps = {
        admin: database.admin,
        keys: store,
        audience: new URL(config.PATIENT_URL).host,
      };
      const { pin: _, ...known } = seededRequest.recipient;
      const request = { ...seededRequest, recipient: { ...known, subject: 'opaque' } };
      const { link } = await seedAppointment(deps, { organisationId, request });
      const visitor = createPageVisitor();
      await visitor.go(`http://127.0.0.1:${config.PATIENT_PORT}/${link.token}`);
      const url = new URL((await visitor.go('/portal/start')).url);
      expect(url.origin).toBe(provider.issuer);
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        client_id: 'all',
        max_age: '300',
        acr_values: 'mfa hardware',
        redirect_uri: expect.not.stringContaining(organisationId),
      });
    } finally {
      await patient.close();
    }
  });

  it('no organisation sets another', async () => {
    const config = await configOf('api');
    const api = await runApi(config);
    try {
      const deps = { adminUrl: database.adminUrl };
      const { key } = await createApiKey(deps, {
        ...{ organisationId, mode: 'test', scopes: ['settings'] },
      });
      const answer = await fetch(`${config.API_URL}/v1/organisation`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${key.reveal()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ portal: { issuer: provider.issuer, clientId: 'own' } }),
      });
      expect([answer.status, await answer.json()]).toMatchObject([
        422,
        { errors: [{ code: 'read_only' }] },
      ]);
    } finally {
      await api.close();
    }
  });
});
