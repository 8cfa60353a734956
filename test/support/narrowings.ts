import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { WantedSettings } from '../../src/domain/check-settings.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Journal, JournalEntry } from '../../src/journal/journal.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { administer } from '../../src/store/administration.ts';
import { changeOrganisation } from '../../src/usecases/change-organisation.ts';
import { changePlatform } from '../../src/usecases/change-platform.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { changeOpsRole } from '../../src/usecases/create-ops-user.ts';
import { liftOptOut } from '../../src/usecases/lift-opt-out.ts';
import { limitCredential } from '../../src/usecases/limit-credential.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { restrictCredential } from '../../src/usecases/restrict-credential.ts';
import { revokeDay } from '../../src/usecases/revoke-day.ts';
import type { TestDatabase } from './database.ts';

type WriteJournal = Pick<Journal, 'append'>;

/** What is narrowed after a backup, and widened again: for good, or by somebody who dies before the COMMIT. */
export async function createNarrowings({
  database,
  keys,
  journals,
}: {
  database: Pick<TestDatabase, 'admin' | 'adminUrl' | 'createOrganisation' | 'open'>;
  keys: KeyStore;
  journals: { patient: WriteJournal; worker: WriteJournal; commandLine: WriteJournal };
}) {
  const journal = journals.commandLine;
  const { adminUrl } = database;
  const transaction: Parameters<typeof changeOrganisation>[0]['transaction'] = (work) =>
    administer(adminUrl, work);
  const admin = { adminUrl, journal };
  /** Writes its line; then its connection is cut. */
  const cutOff: WriteJournal = {
    async append(entry: JournalEntry) {
      await journal.append(entry);
      await database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'sotto administration'`,
      );
    },
  };
  const set = (organisationId: string, wanted: WantedSettings, to = journal) =>
    changeOrganisation(
      {
        ...{ transaction, journal: to, channelsAvailable: ['sms', 'email'] },
        portals: { loopbackAllowed: true, isPortalForAll: false },
      },
      { organisationId, actor: 'tester', isAdministrator: true, wanted, reason: 'a test' },
    );

  const limits = {
    ...{ requestsPerMinute: 60, appointmentsPerHour: 10, appointmentsPerDay: 20 },
    ...{ remindersPerHour: 30, remindersPerDay: 40, numbersPerHour: 5 },
  };
  const wider = {
    ...{ requestsPerMinute: null, appointmentsPerHour: 500, appointmentsPerDay: 600 },
    ...{ remindersPerHour: 700, remindersPerDay: 800, numbersPerHour: 50 },
  };
  const wide = { birth_date_opens_all: true, countries: ['BE', 'FR'] };
  const narrowed = await database.createOrganisation(wide);
  const eased = await database.createOrganisation(wide);
  const moved = await database.createOrganisation(wide);
  const key = { organisationId: narrowed, mode: 'live' } as const;
  const limited = await createApiKey(admin, key);
  const movedKey = await createApiKey(admin, { ...key, networks: ['192.0.2.0/24'] });
  const platform = await createApiKey(admin, { ...key, actsFor: [eased, moved] });
  const [removedPasskey, keptPasskey] = [randomUUID(), randomUUID()];
  for (const id of [removedPasskey, keptPasskey]) {
    await database.admin.query(
      `insert into passkeys (id, organisation_id, mode, subject_index, sealed, sign_count)
       values ($1, $2, 'live', sha256('x'), 'x', 0)`,
      [id, narrowed],
    );
  }
  const [stopped, back] = [new Secret('+33639980088'), new Secret('+33639980089')];
  const stop = (contact: Secret<string>) =>
    recordOptOut(
      { database: database.open('worker', 1), journal: journals.worker, keys },
      { channel: 'sms', contact, source: 'provider' },
    );
  await stop(back);

  return {
    ids: { narrowed, eased, moved, limited: limited.id, movedKey: movedKey.id },
    platform: platform.id,
    ...{ keptPasskey, stillAllowed: moved, limits, wider },

    async live(): Promise<void> {
      const strict = { proofPolicy: 'strict', birthDateOpens: 'time', countries: ['FR'] };
      await set(narrowed, { ...limits, ...strict });
      const standard = { proofPolicy: 'standard', birthDateOpens: 'everything' };
      const looser = { ...wider, ...standard, countries: null };
      await expect(set(narrowed, looser, cutOff)).rejects.toThrow();

      await set(eased, { ...limits, ...strict });
      await set(eased, { ...looser, countries: ['BE', 'FR', 'CH'] });
      await set(moved, { countries: ['BE', 'DE'] });

      const quotas = { credentialId: limited.id, changes: { appointmentsPerHour: 3 } };
      await limitCredential(admin, quotas);
      await restrictCredential(admin, { credentialId: limited.id, networks: ['192.0.2.7'] });
      const dying = { adminUrl, journal: cutOff };
      const unlimited = { ...quotas, changes: { appointmentsPerHour: null } };
      await expect(limitCredential(dying, unlimited)).rejects.toThrow();
      const anywhere = { credentialId: limited.id, networks: null };
      await expect(restrictCredential(dying, anywhere)).rejects.toThrow();
      const elsewhere = ['192.0.2.128/25', '198.51.100.0/24'];
      await restrictCredential(admin, { credentialId: movedKey.id, networks: elsewhere });
      const less = { credentialId: platform.id, organisationId: eased, allow: false };
      await changePlatform(admin, less);

      const role = { name: 'cut-off', actor: 'tester' };
      await changeOpsRole({ transaction, journal }, { ...role, role: 'viewer' });
      const raised = changeOpsRole({ transaction, journal: cutOff }, { ...role, role: 'operator' });
      await expect(raised).rejects.toThrow();

      await stop(stopped);
      const lift = { contact: stopped, reason: 'a test' };
      await expect(liftOptOut({ ...dying, keys }, lift)).rejects.toThrow();
      // In the file of its stop, as by START: of two files a stop holds that may be the later.
      const byStart = { adminUrl, journal: journals.worker, keys };
      await liftOptOut(byStart, { ...lift, contact: back });

      await revokeDay(admin, { day: '2026-12-03', reason: 'a test' });
      await journals.patient.append({ kind: 'passkey_removal', passkeyId: removedPasskey });
    },
  };
}
