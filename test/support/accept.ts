import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { AppointmentRequest, PutAnswer } from '../../src/domain/appointment.ts';
import { utcDay, utcMonth } from '../../src/domain/link-expiry.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { createReceipts } from '../../src/keys/receipt.ts';
import type { Database } from '../../src/store/database.ts';
import { readOrganisationSettings } from '../../src/store/organisation-settings.ts';
import { createLog, type Log } from '../../src/telemetry/log.ts';
import { createDeleteAppointment } from '../../src/usecases/delete-appointment.ts';
import {
  createPutAppointment,
  type PutAppointmentDeps,
  type PutAppointmentInput,
} from '../../src/usecases/put-appointment.ts';
import type { QuotaGate } from '../../src/usecases/quota-gate.ts';
import { unsignedErasures } from './unsigned-erasures.ts';

export const silentLog: Log = createLog({ role: 'test', level: 'silent' });

/** A key store in a folder of its own, with everything that the next months need. */
export async function createTestKeys(organisationIds: readonly string[]): Promise<{
  keys: KeyStore;
  directory: string;
  months: readonly string[];
  remove: () => Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
  const keys = fileKeyStore(directory);
  const now = Temporal.Now.instant();
  await keys.ensureEpochKeys({ from: utcDay(now), days: 40 });
  // By the calendar: steps of days leave out a month that is shorter than they are.
  const thisMonth = Temporal.PlainYearMonth.from(utcMonth(now));
  const months = [0, 1, 2].map((ahead) => thisMonth.add({ months: ahead }).toString());
  await keys.ensureViewKeys({ organisationIds, months });
  await keys.ensureLinkKey();
  return { keys, directory, months, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** The accepting use cases over a real database and a real key store. */
export async function createTestAccept({
  database,
  keys,
  directory,
  change = {},
}: {
  database: Database;
  keys: KeyStore;
  directory: string;
  change?: Partial<PutAppointmentDeps>;
}) {
  const [key] = await keys.ensureReceiptKey();
  if (!key) throw new Error('no receipt key');
  const receipts = createReceipts({ key });
  const journal = change.journal ?? (await openTestJournal(directory));
  const putAs = createPutAppointment({
    database,
    journal,
    keys,
    receipts,
    issuer: 'http://localhost:3000',
    settingsOf: async (id) => {
      const settings = await readOrganisationSettings(database, id);
      if (!settings) throw new Error('no organisation');
      return settings;
    },
    quotas: openGate,
    channelsAvailable: () => ['sms', 'email'],
    now: () => Temporal.Now.instant(),
    random: Math.random,
    log: silentLog,
    ...change,
  });
  const put = (input: Omit<PutAppointmentInput, 'credential'> & Partial<PutAppointmentInput>) =>
    putAs({ credential: nobody, ...input });
  const remove = createDeleteAppointment({ database, journal, ...unsignedErasures });
  return { put, remove, receipts };
}

/** For what is no matter of who asks, and how often. */
const openGate: QuotaGate = {
  pass: async () => ({ refused: new Map(), count: async () => {} }),
};
const nobody = { id: '00000000-0000-4000-8000-000000000000', quotas: {} };

const journals: Journal[] = [];
// Node takes a file that is closed by the collector for an error.
afterAll(() => Promise.all(journals.splice(0).map((journal) => journal.close())));

async function openTestJournal(directory: string): Promise<Journal> {
  const journal = await openJournal(join(directory, 'journal'), 'api');
  journals.push(journal);
  return journal;
}

/** The same for all requests of a test, or two that say the same could stand a minute apart. */
const begun = Temporal.Now.instant().round('minute');

/** An ordinary appointment in `hours` hours, changed where a test needs it. */
export function appointmentRequest(
  change: Partial<AppointmentRequest> = {},
  hours = 72,
): Secret<AppointmentRequest> {
  const start = begun.add({ hours });
  return new Secret({
    start: start.toString(),
    timeZone: 'Europe/Paris',
    durationMinutes: 30,
    details: {
      practitioner: 'Dr. Canari Practitioner',
      specialty: 'Canari Specialty',
      place: { name: 'Canari Place', address: '1 Canari Street' },
      instructions: 'Canari instructions',
    },
    recipient: { phone: '+33639980001', language: 'fr', pin: '482913' },
    reminders: [{ before: 'PT24H', channel: 'sms' }],
    ...change,
  });
}

export type { PutAnswer };
