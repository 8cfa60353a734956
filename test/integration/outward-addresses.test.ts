import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { runApi } from '../../src/roles/api.ts';
import { runPatient } from '../../src/roles/patient.ts';
import { openPortalFetch } from '../../src/roles/portal-fetch.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { sendCheckUseCases } from '../../src/usecases/send-check-use-cases.ts';
import { webhookUseCases } from '../../src/usecases/webhook-use-cases.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { openSendChecks } from '../../workers/send-checks.ts';
import { openWebhookSender } from '../../workers/webhooks.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type Door, openDoor } from '../support/door.ts';
import { freePort } from '../support/free-port.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { seedAppointment, seededRequest } from '../support/seed-appointment.ts';
import { sottoCommand } from '../support/sotto-command.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWebhookPeer, type WebhookPeer } from '../support/webhook-peer.ts';

let database: TestDatabase;
let queue: TestedQueue;
let folder: string;
let peer: WebhookPeer;
let door: Door;

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  folder = await mkdtemp(join(tmpdir(), 'sotto-outward-'));
  door = await openDoor();
});
beforeEach(async () => {
  peer = await startWebhookPeer();
});
afterEach(async () => {
  await peer.close();
  await database.admin.query('delete from webhook_endpoints; delete from send_checks');
});
afterAll(async () => {
  await door.close();
  await queue.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

const sandbox = {
  ...{ TWILIO_ACCOUNT_SID: `ACsandbox${'0'.repeat(25)}`, TWILIO_AUTH_TOKEN: 'token' },
  TWILIO_FROM: '+33700000000',
};
const live = {
  ...{ ...sandbox, SMS_TRANSPORT: 'twilio', TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` },
  PATIENT_URL: 'https://r.example',
};

async function configOf(role: 'api' | 'scheduler' | 'patient', extra: Record<string, string>) {
  return loadConfig({
    ...queue.environment,
    ...{ DATA_DIR: folder, LOG_LEVEL: 'silent' },
    ...{ API_PORT: String(await freePort()), PATIENT_PORT: String(await freePort()) },
    DATABASE_URL: database.roleUrls[role].reveal(),
    ...extra,
  });
}

/** An endpoint and a check at these addresses, made beside the sandbox, to which a test message is owed. */
async function oweTests(urls: { endpoint: string; check: string }) {
  const keys = fileKeyStore(join(folder, 'keys'));
  await keys.ensureWebhookKey();
  const given = { database: database.open('api'), keys, isSandbox: true };
  const deps = { ...given, journal: { append: async () => {} } };
  const organisationId = await database.createOrganisation();
  const owner = { organisationId, mode: 'test' as const, credentialId: organisationId };
  const [webhooks, checks] = [webhookUseCases(deps), sendCheckUseCases(deps)];
  const made = await webhooks.createWebhookEndpoint({ ...owner, url: urls.endpoint });
  await checks.putSendCheck({ ...owner, url: urls.check });
  await webhooks.testWebhookEndpoint({ ...owner, endpointId: made.id });
  await checks.testSendCheck(owner);
  /** What became of both, once that is known. */
  return async () => {
    const { rows } = await database.admin.query(
      `select test_code from webhook_endpoints where test_ended_at is not null union all
       select test_code from send_checks where test_ended_at is not null`,
    );
    return rows.map((row) => row.test_code);
  };
}

describe.each([
  ['the sandbox', sandbox, 1],
  ['a live transport', live, 0],
])('beside %s', (_what, transports, arriving) => {
  it(`of two addresses on this machine a scheduler speaks to ${2 * arriving}`, async () => {
    const ended = await oweTests({ endpoint: `${peer.url}/in`, check: `${peer.url}/check` });
    const scheduler = await runScheduler(await configOf('scheduler', transports));
    try {
      await waitFor(async () => (await ended()).length === 2);
    } finally {
      await scheduler.close();
    }
    expect(peer.ledger).toHaveLength(2 * arriving);
    if (arriving === 0) expect(await ended()).toEqual(['address_refused', 'address_refused']);
  });

  it(`of three addresses on this machine the API takes ${3 * arriving}`, async () => {
    const organisationId = await database.createOrganisation();
    const config = await configOf('api', transports);
    await fileKeyStore(join(folder, 'keys')).ensureWebhookKey();
    const api = await runApi(config);
    try {
      const { adminUrl } = database;
      const { key } = await createApiKey({ adminUrl }, { organisationId, mode: 'test' });
      const statusOf = async (method: string, path: string, body: object) => {
        const answer = await fetch(`http://127.0.0.1:${config.API_PORT}/v1/${path}`, {
          method,
          headers: {
            authorization: `Bearer ${key.reveal()}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify(body),
        });
        return answer.status;
      };
      const { url } = peer;
      expect([
        await statusOf('POST', 'webhook-endpoints', { url }),
        await statusOf('PUT', 'send-check', { url }),
        await statusOf('PUT', 'organisation', { portal: { issuer: url, clientId: 'sotto' } }),
      ]).toEqual(arriving === 1 ? [201, 201, 200] : [422, 422, 422]);
    } finally {
      await api.close();
    }
  });

  it(`of two addresses on this machine the command line takes ${2 * arriving}`, async () => {
    const id = await database.createOrganisation();
    await fileKeyStore(join(folder, 'keys')).ensureWebhookKey();
    const sotto = sottoCommand(database, { ...transports, DATA_DIR: folder });
    const answers = [
      await sotto('org', 'set', id, '--portal', peer.url, '--portal-client', 'sotto'),
      await sotto('send-check', 'set', id, '--mode', 'test', '--url', peer.url),
    ];
    expect(answers).toMatchObject(
      arriving === 1
        ? [{ code: 0 }, { code: 0 }]
        : [
            { code: 2, errors: expect.stringContaining('https') },
            { code: 2, errors: expect.stringContaining('https') },
          ],
    );
  });

  it(`of a portal on this machine the pages ask ${arriving} question`, async () => {
    const organisationId = await database.createOrganisation();
    await database.admin.query(
      `update organisations set portal_issuer = $2, portal_client_id = 'sotto',
         portal_max_age_minutes = 5 where id = $1`,
      [organisationId, peer.url],
    );
    const config = await configOf('patient', transports);
    const patient = await runPatient(config);
    try {
      const keys = fileKeyStore(join(folder, 'keys'));
      const audience = new URL(config.PATIENT_URL).host;
      const { pin: _, ...recipient } = { ...seededRequest.recipient, subject: 'opaque' };
      const { link } = await seedAppointment(
        { admin: database.admin, keys, audience },
        { organisationId, request: { ...seededRequest, recipient } },
      );
      const visitor = createPageVisitor();
      await visitor.go(`http://127.0.0.1:${config.PATIENT_PORT}/${link.token}`);
      await visitor.press('/prove');
      expect((await visitor.go('/portal/start')).step, 'before a birth date').toBe('prove');
      expect(peer.ledger).toEqual([]);
      const [year = '', month = '', day = ''] = (recipient.birthDate ?? '').split('-');
      await visitor.fill({ 'birth-day': day, 'birth-month': month, 'birth-year': year });
      const page = await visitor.go('/portal/start');
      expect(page.url).toContain('problem=unavailable');
    } finally {
      await patient.close();
    }
    expect(peer.ledger).toHaveLength(arriving);
  });
});

describe('a name that says an address of this machine', () => {
  const url = 'https://hooks.example.com:8443/in';
  const resolveName = async () => [door.address];

  it('gets neither webhooks nor questions', async () => {
    const ended = await oweTests({ endpoint: url, check: url });
    const keys = fileKeyStore(join(folder, 'keys'));
    const scheduler = database.open('scheduler');
    const given = { database: scheduler, keys, resolveName, isSandbox: true, log: silentLog };
    for (const turns of [openWebhookSender(given), openSendChecks({ ...given, perSecond: {} })]) {
      await turns.lookAround(new AbortController().signal);
      await turns.idle();
    }
    expect(await ended()).toEqual(['address_refused', 'address_refused']);
    expect(door.knocks()).toBe(0);
  });

  it.each([
    ['a live transport', live],
    ['the sandbox', sandbox],
  ])('is asked for no logins, beside %s', async (_what, transports) => {
    const ask = openPortalFetch(loadConfig(transports), resolveName);
    await expect(ask(url, { method: 'GET', headers: {} })).rejects.toMatchObject({
      code: 'address_refused',
    });
    expect(door.knocks()).toBe(0);
  });
});

it('beside a live transport no portal on this machine is asked for anything', async () => {
  const ask = (transports: Record<string, string>) =>
    openPortalFetch(loadConfig(transports))(peer.url, { method: 'GET', headers: {} });
  await expect(ask(live)).rejects.toMatchObject({ code: 'address_refused' });
  expect((await ask(sandbox)).status).toBe(204);
});
