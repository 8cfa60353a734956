import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { Secret } from '../../src/domain/secret.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { openCodeTransports } from '../../src/roles/code-transports.ts';
import { bookMoments } from '../../src/store/sender-paces.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parcelDay, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { mostInAnySecond } from '../support/most-in-any-second.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';
import { startRoleProcess } from '../support/worker-process.ts';

const perSecond = 20;
const reminders = 60;
const codes = 4;

let database: TestDatabase;
let peer: MessagesPeer;
let keyFolder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
});
afterAll(async () => {
  await peer.close();
  await database.drop();
  rmSync(keyFolder, { recursive: true });
});

function environmentOf(role: 'worker' | 'scheduler' | 'patient'): Record<string, string> {
  return {
    DATABASE_URL: database.roleUrls[role].reveal(),
    ...{ KEYSTORE: `file:${keyFolder}`, JOURNAL: `file:${keyFolder}/journal` },
    ...{ SMS_TRANSPORT: 'twilio', TWILIO_BASE_URL: peer.url, TWILIO_FROM: '+33700000000' },
    ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token' },
    ...{ PATIENT_URL: 'https://r.example', API_URL: 'https://api.example' },
    CALLBACK_URL: 'https://api.example',
    SMS_PER_SECOND: String(perSecond),
  };
}

async function sendCodes(): Promise<void> {
  const patient = database.open('patient');
  const transports = openCodeTransports(loadConfig(environmentOf('patient')), {
    keepForCanary: async () => {},
    book: (wanted) => bookMoments(patient, wanted),
    log: silentLog,
  });
  const whose = { mode: 'live' as const, organisationId: randomUUID() };
  for (let count = 0; count < codes; count += 1) {
    const startedAt = performance.now();
    const outcome = await transports?.transportFor(whose).send({
      ...{ channel: 'sms', to: new Secret('+33639980001'), text: new Secret('A code') },
      ...{ attemptToken: `code-${count}`, validitySeconds: 600 },
    });
    expect(outcome).toMatchObject({ kind: 'accepted' });
    // However many reminders wait: somebody looks at a page meanwhile.
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  }
  await transports?.close();
}

describe('two workers and the role that sends codes', () => {
  it('keep to the rate of their one sender, as its provider sees it', async () => {
    const workers = [1, 2].map(() => startRoleProcess('worker', environmentOf('worker')));
    await Promise.all(workers.map(({ ready }) => ready));
    const epochPublicKey = await fileKeyStore(keyFolder).epochPublicKey(parcelDay);
    if (!epochPublicKey) throw new Error('no epoch key');
    const organisationId = await database.createOrganisation();
    await seedReminders(database.admin, {
      ...{ organisationId, epochPublicKey, parcelDay, count: reminders },
    });
    const scheduler = startRoleProcess('scheduler', environmentOf('scheduler'));
    await waitFor(() => peer.accepted.length > perSecond / 2, 15_000);
    await sendCodes();
    await waitFor(() => peer.accepted.length === reminders + codes, 15_000);
    const roles = [...workers, scheduler];
    for (const role of roles) role.signal('SIGTERM');
    await Promise.all(roles.map(({ gone }) => gone));

    const at = peer.accepted.map(({ acceptedAtMs }) => acceptedAtMs);
    expect(mostInAnySecond(at)).toBeLessThanOrEqual(perSecond + 1);
    const { rows } = await database.admin.query(
      `select count(*)::int as sent from reminders where state = 'sent' and attempt_count = 1`,
    );
    expect(rows).toEqual([{ sent: reminders }]);
  });
});
