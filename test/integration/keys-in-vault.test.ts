import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { policiesFolder } from '../../scripts/vault-policies.ts';
import { utcDay } from '../../src/domain/link-expiry.ts';
import type { KeyRole } from '../../src/keys/key-places.ts';
import { keyStoreFromConfig } from '../../src/keys/key-store-from-config.ts';
import { runApi } from '../../src/roles/api.ts';
import { runOps } from '../../src/roles/ops.ts';
import { runPatient } from '../../src/roles/patient.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { runWorker } from '../../workers/worker.ts';
import { appointmentRequest } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { startVaultServer, type VaultServer } from '../support/vault-server.ts';

let database: TestDatabase;
let vault: VaultServer;
let folder: string;

beforeAll(async () => {
  [database, vault] = await Promise.all([createTestDatabase(), startVaultServer()]);
  folder = await mkdtemp(join(tmpdir(), 'sotto-vault-'));
});
afterAll(async () => {
  await vault.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

const policyOf = (name: string) => readFile(join(policiesFolder, `${name}.hcl`), 'utf8');

async function configOf(role: KeyRole, otherPolicy = '') {
  const token = vault.issue(`${await policyOf(role)}${otherPolicy}`);
  return loadConfig({
    ...{ API_PORT: `${await freePort()}`, PATIENT_PORT: `${await freePort()}` },
    OPS_PORT: `${await freePort()}`,
    DATABASE_URL: database.roleUrls[role].reveal(),
    DATA_DIR: join(folder, role),
    KEYSTORE: `vault:${vault.url}/secret/sotto`,
    KEYSTORE_TOKEN: token,
    ...{
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: 'unused',
      TWILIO_FROM: '+33700555100',
    },
    LOG_LEVEL: 'silent',
  });
}

describe('roles whose keys lie in Vault', () => {
  it('take appointments for days that they have sealed to while it is sealed, and say what they lack', async () => {
    const now = Temporal.Now.instant();
    const worker = keyStoreFromConfig(await configOf('worker'));
    await worker.ensureEpochKeys({ from: utcDay(now), days: 40 });
    await worker.ensureLinkKey();
    for (const name of ['pepper', 'opt-out'] as const) await worker.symmetricKeys(name);
    const organisationId = await database.createOrganisation();
    const patientConfig = await configOf('patient');
    const patient = await runPatient(patientConfig);
    const config = await configOf('api');
    const api = await runApi(config);
    try {
      const deps = { adminUrl: database.adminUrl };
      const { key } = await createApiKey(deps, { organisationId, mode: 'test' });
      const put = async (reference: string, hours: number) => {
        const answer = await fetch(`${config.API_URL}/v1/appointments/${reference}`, {
          method: 'PUT',
          headers: {
            authorization: `Bearer ${key.reveal()}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify(appointmentRequest({}, hours).reveal()),
        });
        const { code } = (await answer.json()) as { code?: string };
        return [answer.status, code, answer.headers.get('retry-after') !== null];
      };
      expect(await put('before', 72)).toEqual([201, undefined, false]);
      const readyz = async (url: string) => {
        const answer = await fetch(`${url}/readyz`);
        const { vault: own, checks } = (await answer.json()) as Record<string, never>;
        return [answer.status, own ?? (checks as unknown as { vault: unknown }).vault];
      };
      const well = [200, { status: 'ok', endsInS: 3_600 }];
      expect(await readyz(config.API_URL)).toEqual(well);
      vault.seal(true);
      expect(await put('while-sealed', 72)).toEqual([201, undefined, false]);
      // However often anybody asks, Vault is not asked each time.
      expect(await readyz(config.API_URL)).toEqual(well);
      expect(await readyz(patientConfig.PATIENT_URL)).toEqual([
        ...[200, { status: 'failed', reason: 'away' }],
      ]);
      expect(await put('another-day', 150)).toEqual([503, 'key_missing', true]);
      vault.seal(false);
      expect(await put('another-day', 150)).toEqual([201, undefined, false]);
    } finally {
      await api.close();
      await patient.close();
    }
  });

  it('do not start while it is sealed', async () => {
    const config = await configOf('api');
    vault.seal(true);
    try {
      await expect(runApi(config)).rejects.toThrow(
        'secret: cannot be looked at (Vault is sealed, or in maintenance)',
      );
    } finally {
      vault.seal(false);
    }
  });

  it.each([
    ['api', runApi, 'worker', 'worker/epoch'],
    ['patient', runPatient, 'worker', 'worker/epoch'],
    ['worker', runWorker, 'patient', 'patient/view'],
    ['scheduler', runScheduler, 'worker', 'worker/epoch'],
  ] as const)(
    'do not start with a token that could read the keys of another: %s',
    async (role, run, other, folder) => {
      await expect(run(await configOf(role, await policyOf(other)))).rejects.toThrow(
        `${folder}: the token may read in it, and must not`,
      );
    },
  );

  it('of operators does not start with a token that could read or make a key, and without Vault it does', async () => {
    for (const [other, line] of [
      [await policyOf('worker'), 'worker/epoch: the token may read in it, and must not'],
      [
        'path "secret/data/sotto/public/*" { capabilities = ["read", "create"] }',
        'public/epoch: the token may create in it, and must not',
      ],
    ] as const) {
      await expect(runOps(await configOf('ops', other))).rejects.toThrow(line);
    }
    await (await runOps(await configOf('ops'))).close();
    const config = await configOf('ops', await policyOf('worker'));
    vault.seal(true);
    const ops = await runOps(config);
    try {
      vault.seal(false);
      const { checks } = (await (await fetch(`${config.OPS_URL}/readyz`)).json()) as never;
      expect(checks).toMatchObject({ vault: { reason: 'token' } });
    } finally {
      vault.seal(false);
      await ops.close();
    }
  });
});
