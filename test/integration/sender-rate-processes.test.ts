import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { Secret } from '../../src/domain/secret.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { openCodeTransports } from '../../src/roles/code-transports.ts';
import { openSenderPaces } from '../../src/roles/sender-paces.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parcelDay, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { mostInAnySecond, watchArrivals } from '../support/most-in-any-second.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';

const codesTo = '+33639980001';

let database: TestDatabase;
let phones: MessagesPeer;
let mail: SmtpPeer;
let keyFolder: string;
const arrivals = watchArrivals();
const roles: RoleProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  phones = await startMessagesPeer();
  mail = await startSmtpPeer();
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
});
afterAll(async () => {
  arrivals.stop();
  for (const role of roles) role.signal('SIGKILL');
  await Promise.all(roles.map(({ gone }) => gone));
  await phones.close();
  await mail.close();
  await database.drop();
  rmSync(keyFolder, { recursive: true });
});

type Rates = Readonly<Record<Channel, number>>;

function environmentOf(
  role: 'worker' | 'scheduler' | 'patient',
  rates: Rates,
): Record<string, string> {
  return {
    DATABASE_URL: database.roleUrls[role].reveal(),
    ...{ KEYSTORE: `file:${keyFolder}`, JOURNAL: `file:${keyFolder}/journal` },
    ...{ SMS_TRANSPORT: 'twilio', TWILIO_BASE_URL: phones.url, TWILIO_FROM: '+33700000000' },
    ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token' },
    ...{ EMAIL_TRANSPORT: 'smtp', SMTP_URL: mail.url, MAIL_FROM: 'reminders@sotto.example' },
    ...{ PATIENT_URL: 'https://r.example', API_URL: 'https://api.example' },
    CALLBACK_URL: 'https://api.example',
    ...{ SMS_PER_SECOND: String(rates.sms), EMAIL_PER_SECOND: String(rates.email) },
  };
}

async function startTwoWorkers(rates: Rates) {
  // What they log stays unprinted: reminders that nobody has put are missed by the ledger.
  const start = (role: 'worker' | 'scheduler') =>
    startRoleProcess(role, environmentOf(role, rates), { onLine() {} });
  const workers = [start('worker'), start('worker')];
  const scheduler = start('scheduler');
  const started = [...workers, scheduler];
  roles.push(...started);
  await Promise.all(started.map(({ ready }) => ready));
  return {
    killOne: () => workers[0]?.signal('SIGKILL'),
    async stop() {
      for (const role of started) role.signal('SIGTERM');
      await Promise.all(started.map(({ gone }) => gone));
    },
  };
}

/** More than are sent while anybody looks. */
async function seedBacklog(counts: Rates): Promise<void> {
  const epochPublicKey = await fileKeyStore(keyFolder).epochPublicKey(parcelDay);
  if (!epochPublicKey) throw new Error('no epoch key');
  const organisationId = await database.createOrganisation();
  for (const channel of ['sms', 'email'] as const) {
    await seedReminders(database.admin, {
      ...{ organisationId, epochPublicKey, parcelDay },
      ...{ count: counts[channel], channels: [channel] },
    });
  }
}

const smsAtMs = () => phones.accepted.map(({ acceptedAtMs }) => acceptedAtMs);
const emailsAtMs = () => mail.taken.map(({ takenAtMs }) => takenAtMs);

function expectKept(atMs: readonly number[], perSecond: number): void {
  const most = mostInAnySecond(atMs.map(arrivals.arrivalAt));
  expect(most, `at ${perSecond} a second`).toBeLessThanOrEqual(perSecond + 1);
}

/** As the patient role sends them, all at once. */
async function sendCodes(count: number, rates: Rates): Promise<string[]> {
  const config = loadConfig(environmentOf('patient', rates));
  const paces = openSenderPaces(config, { role: 'patient', log: silentLog });
  const pace = paces.of('sms');
  const transports = openCodeTransports(config, { keepForCanary: async () => {}, pace });
  const transport = transports?.transportFor({ mode: 'live', organisationId: randomUUID() });
  const send = async (_: unknown, place: number) => {
    const outcome = await transport?.send({
      ...{ channel: 'sms', to: new Secret(codesTo), text: new Secret('A code') },
      ...{ attemptToken: `code-${place}`, validitySeconds: 600 },
    });
    return outcome?.kind ?? 'none';
  };
  const kinds = await Promise.all(Array.from({ length: count }, send));
  await transports?.close();
  await paces.close();
  return kinds;
}

describe('what providers count of a sender that two workers send for', () => {
  it('is its rate and one at most in any second, and all of it for the other when one is killed', async () => {
    const rates = { sms: 1, email: 10 };
    const running = await startTwoWorkers(rates);
    await seedBacklog({ sms: 20, email: 200 });
    await waitFor(() => mail.taken.length >= 15 && phones.accepted.length >= 2, 20_000);
    running.killOne();
    const killedAtMs = Date.now();
    const since = () => emailsAtMs().filter((atMs) => atMs > killedAtMs);
    await waitFor(() => mostInAnySecond(since().map(arrivals.arrivalAt)) >= rates.email - 1);
    await waitFor(() => phones.accepted.length >= 4);
    await running.stop();
    expectKept(smsAtMs(), rates.sms);
    expectKept(emailsAtMs(), rates.email);
  });

  it('is its rate with codes, which go first', async () => {
    phones.forget();
    const rates = { sms: 3, email: 50 };
    const running = await startTwoWorkers(rates);
    await seedBacklog({ sms: 40, email: 0 });
    await waitFor(() => phones.accepted.length >= 6, 20_000);
    const before = phones.accepted.length;
    const kinds = await sendCodes(12, rates);
    const order = phones.accepted.slice(before).map(({ to }) => to === codesTo);
    expect(kinds).toEqual(Array(12).fill('accepted'));
    // One in four at most, and the few that had theirs already.
    const among = order.slice(0, order.lastIndexOf(true)).filter((isCode) => !isCode);
    expect(among.length).toBeLessThanOrEqual(7);
    const { length } = phones.accepted;
    await waitFor(() => phones.accepted.length >= length + 3, 20_000);
    await running.stop();
    expectKept(smsAtMs(), rates.sms);
  });
});
