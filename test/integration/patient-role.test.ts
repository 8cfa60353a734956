import { randomBytes } from 'node:crypto';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigError, loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { runPatient } from '../../src/roles/patient.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { seedAppointment, seededPin } from '../support/seed-appointment.ts';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'sotto-patient-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

async function settings(extra: Record<string, string> = {}) {
  return loadConfig({
    PATIENT_PORT: String(await freePort()),
    DATA_DIR: folder,
    DATABASE_URL: database.roleUrls.patient.reveal(),
    LOG_LEVEL: 'silent',
    TWILIO_ACCOUNT_SID: `ACsandbox${'0'.repeat(25)}`,
    TWILIO_AUTH_TOKEN: 'sandbox-token',
    TWILIO_FROM: '+33700555100',
    ...extra,
  });
}

describe('the patient process', () => {
  it('answers, is ready, and publishes the view keys of a new organisation within seconds', async () => {
    const config = await settings();
    const role = await runPatient(config);
    try {
      const ready = await fetch(`${config.PATIENT_URL}/readyz`);
      expect(ready.status).toBe(200);
      expect(await ready.json()).toEqual({ status: 'ready', database: 'ok', keys: 'ok' });
      expect((await fetch(`${config.PATIENT_URL}/livez`)).status).toBe(200);

      const organisationId = await database.createOrganisation();
      const keys = fileKeyStore(`${folder}/keys`);
      const furthest = Temporal.Now.plainDateISO('UTC').toPlainYearMonth().add({ months: 14 });
      await vi.waitFor(
        async () =>
          expect(await keys.viewPublicKey(organisationId, furthest.toString())).toBeDefined(),
        { timeout: 30_000, interval: 100 },
      );
    } finally {
      await role.close();
    }
    await expect(fetch(`${config.PATIENT_URL}/livez`)).rejects.toThrow();
  });

  it('takes links under a newer key while it runs, and none any more under one that was removed', async () => {
    const config = await settings();
    const role = await runPatient(config);
    const file = join(folder, 'keys', 'link', 'b.key');
    try {
      await writeFile(file, randomBytes(32), { mode: 0o600 });
      const keys = fileKeyStore(`${folder}/keys`, { readBeforeUsedMs: 0 });
      const audience = new URL(config.PATIENT_URL).host;
      const organisationId = await database.createOrganisation();
      const seed = { admin: database.admin, keys, audience };
      const { link } = await seedAppointment(seed, { organisationId });
      expect(link.token.charAt(0)).toBe('b');
      const status = async () => {
        const answer = await fetch(`${config.PATIENT_URL}/${link.token}`, { redirect: 'manual' });
        return answer.status;
      };
      const patience = { timeout: 30_000, interval: 100 };
      await vi.waitFor(async () => expect(await status()).toBe(303), patience);
      await rm(file);
      await vi.waitFor(async () => expect(await status()).toBe(404), patience);
    } finally {
      await rm(file, { force: true });
      await role.close();
    }
  });

  it('destroys the keys that phones were counted under on days that are over', async () => {
    const fiveDaysAgo = Temporal.Now.plainDateISO('UTC').subtract({ days: 5 }).toString();
    await fileKeyStore(`${folder}/keys`).phoneDayKey(fiveDaysAgo);
    const file = join(folder, 'keys', 'patient', 'phone-day', `${fiveDaysAgo}.key`);
    await access(file);
    const role = await runPatient(await settings());
    try {
      await vi.waitFor(() => expect(access(file)).rejects.toThrow('ENOENT'), {
        timeout: 30_000,
        interval: 100,
      });
    } finally {
      await role.close();
    }
  });

  it('takes no session sealed under a cookie key that was removed', async () => {
    const config = await settings();
    const role = await runPatient(config);
    try {
      const keys = fileKeyStore(`${folder}/keys`);
      const audience = new URL(config.PATIENT_URL).host;
      const organisationId = await database.createOrganisation();
      const seed = { admin: database.admin, keys, audience };
      const { link } = await seedAppointment(seed, { organisationId });
      const visitor = createPageVisitor();
      await visitor.go(`${config.PATIENT_URL}/${link.token}`);
      await visitor.press('/prove');
      expect((await visitor.fill({ pin: seededPin })).step).toBe('details');

      await keys.addKey('cookie');
      await keys.removeKey('cookie', '1');
      const patience = { timeout: 30_000, interval: 100 };
      const details = async () => (await visitor.go(`${config.PATIENT_URL}/details`)).step;
      await vi.waitFor(async () => expect(await details()).not.toBe('details'), patience);
    } finally {
      await role.close();
    }
  });

  it('answers no guess, right or wrong, in less than 300 ms', async () => {
    const config = await settings();
    const role = await runPatient(config);
    try {
      const keys = fileKeyStore(`${folder}/keys`);
      const audience = new URL(config.PATIENT_URL).host;
      const organisationId = await database.createOrganisation();
      const { link } = await seedAppointment(
        { admin: database.admin, keys, audience },
        { organisationId },
      );
      const visitor = createPageVisitor();
      await visitor.go(`${config.PATIENT_URL}/${link.token}`);
      await visitor.press('/prove');
      for (const [pin, step] of [
        ['593827', 'prove'],
        [seededPin, 'details'],
      ] as const) {
        const begun = performance.now();
        expect((await visitor.fill({ pin })).step).toBe(step);
        expect(performance.now() - begun).toBeGreaterThan(295);
      }
    } finally {
      await role.close();
    }
  });

  it('refuses to start without the account that codes are sent from', async () => {
    await expect(runPatient(await settings({ TWILIO_AUTH_TOKEN: '' }))).rejects.toThrow(
      ConfigError,
    );
  });

  it('refuses to start without a database, or signed in as anyone else', async () => {
    const without = await settings({ DATABASE_URL: '' });
    await expect(runPatient(without)).rejects.toThrow(ConfigError);
    const asWorker = await settings({ DATABASE_URL: database.roleUrls.worker.reveal() });
    await expect(runPatient(asWorker)).rejects.toThrow('sotto_patient');
  });

  it('is alive but not ready while the database is away', async () => {
    const name = new URL(database.adminUrl.reveal()).pathname.slice(1);
    const config = await settings();
    const role = await runPatient(config);
    try {
      await database.admin.query(`revoke connect on database ${name} from public, sotto_patient`);
      await database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where usename = 'sotto_patient' and datname = current_database()`,
      );
      await vi.waitFor(
        async () => expect((await fetch(`${config.PATIENT_URL}/readyz`)).status).toBe(503),
        { timeout: 30_000, interval: 100 },
      );
      expect((await fetch(`${config.PATIENT_URL}/livez`)).status).toBe(200);
    } finally {
      await database.admin.query(`grant connect on database ${name} to public, sotto_patient`);
      await role.close();
    }
  });
});
