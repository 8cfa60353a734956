import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/domain/channel.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parcelDay } from '../support/dispatch-bench.ts';
import { freePort } from '../support/free-port.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { mostInAnySecond, watchArrivals } from '../support/most-in-any-second.ts';
import { createPageVisitor, type PageVisitor } from '../support/page-visitor.ts';
import { seedAppointment, seededRequest } from '../support/seed-appointment.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';

const patientUrl = 'https://r.example';
const phonesOfCodes = '+336399800';

let database: TestDatabase;
let phones: MessagesPeer;
let mail: SmtpPeer;
let keyFolder: string;
const arrivals = watchArrivals();
const roles: RoleProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  await prepareQueue(database.adminUrl);
  phones = await startMessagesPeer();
  mail = await startSmtpPeer();
  keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
});
afterEach(async () => {
  const left = roles.splice(0);
  for (const role of left) role.signal('SIGKILL');
  await Promise.all(left.map(({ gone }) => gone));
});
afterAll(async () => {
  arrivals.stop();
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
    ...{ PATIENT_URL: patientUrl, API_URL: 'https://api.example' },
    CALLBACK_URL: 'https://api.example',
    ...{ SMS_PER_SECOND: String(rates.sms), EMAIL_PER_SECOND: String(rates.email) },
  };
}

function start(role: Parameters<typeof environmentOf>[0], environment: Record<string, string>) {
  // What they log stays unprinted: reminders that nobody has put are missed by the ledger.
  const started = startRoleProcess(role, environment, { onLine() {} });
  roles.push(started);
  return started;
}

async function startTwoWorkers(rates: Rates) {
  const one = (role: 'worker' | 'scheduler') => start(role, environmentOf(role, rates));
  const workers = [one('worker'), one('worker')];
  const started = [...workers, one('scheduler')];
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

/** Patients whose links have come by email, before the page whose button texts them a code. */
async function visitPatients(port: number, count: number): Promise<PageVisitor[]> {
  const organisationId = await database.createOrganisation();
  const keys = fileKeyStore(keyFolder);
  const deps = { admin: database.admin, keys, audience: new URL(patientUrl).host };
  return Promise.all(
    Array.from({ length: count }, async (_, place) => {
      const phone = `${phonesOfCodes}${String(place).padStart(2, '0')}`;
      const recipient = { phone, email: `p${place}@example.org`, language: 'fr' };
      const request = { ...seededRequest, recipient };
      const { link } = await seedAppointment(deps, {
        ...{ organisationId, mode: 'live', request, channels: ['email'] },
      });
      const visitor = createPageVisitor();
      await visitor.go(`http://127.0.0.1:${port}/${link.token}`);
      await visitor.go('/code/send');
      return visitor;
    }),
  );
}

// What leaves at its moment may come late on a machine that is busy with something else, and is then counted
// with what comes after it. A rate that is not kept is not kept the next time either.
describe('what providers count of a sender that two workers send for', { retry: 2 }, () => {
  it('is its rate and one at most in any second, and all of it for the other when one is killed', async () => {
    phones.forget();
    const begunAtMs = Date.now();
    const rates = { sms: 1, email: 10 };
    const running = await startTwoWorkers(rates);
    await seedBacklog({ sms: 20, email: 200 });
    await waitFor(() => mail.taken.length >= 15 && phones.accepted.length >= 2, 20_000);
    running.killOne();
    const killedAtMs = Date.now();
    const since = () => emailsAtMs().filter((atMs) => atMs > killedAtMs);
    await waitFor(
      () => mostInAnySecond(since().map(arrivals.arrivalAt)) >= rates.email - 1,
      20_000,
    );
    await waitFor(() => phones.accepted.length >= 4, 20_000);
    await running.stop();
    expectKept(smsAtMs(), rates.sms);
    expectKept(
      emailsAtMs().filter((atMs) => atMs > begunAtMs),
      rates.email,
    );
  });

  it('is its rate with codes, which go first and leave one moment in four to reminders', async () => {
    phones.forget();
    const rates = { sms: 3, email: 50 };
    const port = await freePort();
    const patient = start('patient', {
      ...environmentOf('patient', rates),
      PATIENT_PORT: `${port}`,
    });
    const running = await startTwoWorkers(rates);
    await patient.ready;
    await seedBacklog({ sms: 60, email: 0 });
    const patients = await visitPatients(port, 12);
    await waitFor(() => phones.accepted.length >= 4, 20_000);
    const before = phones.accepted.length;
    const pages = await Promise.all(patients.map((visitor) => visitor.press('/code/send')));
    expect(pages.map(({ step }) => step)).toEqual(patients.map(() => 'code'));
    const order = phones.accepted.slice(before).map(({ to }) => to.startsWith(phonesOfCodes));
    const among = order.slice(0, order.lastIndexOf(true)).filter((isCode) => !isCode);
    // Between four threes of codes; a busy machine may miss one, and the first have theirs already.
    expect(among.length).toBeGreaterThanOrEqual(2);
    expect(among.length).toBeLessThanOrEqual(7);
    patient.signal('SIGTERM');
    await Promise.all([running.stop(), patient.gone]);
    expectKept(smsAtMs(), rates.sms);
  });
});
