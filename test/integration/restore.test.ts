import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { suppressionIndexes } from '../../src/keys/suppression-index.ts';
import { administer } from '../../src/store/administration.ts';
import { readEndOfEvents, readEvents } from '../../src/store/event-reads.ts';
import { countLedger } from '../../src/store/ledger.ts';
import { maySend } from '../../src/store/lives.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins } from '../../src/store/role-logins.ts';
import { type DataDir, takeDataDir } from '../../src/supervisor/data-dir.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/supervisor/embedded-postgres.ts';
import { createAdmission, type OpenRestoreIncident } from '../../src/usecases/admit-database.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { createOpsUser } from '../../src/usecases/create-ops-user.ts';
import { disableOpsUser } from '../../src/usecases/disable-ops-user.ts';
import { markHighWater } from '../../src/usecases/mark-high-water.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { resumeSending } from '../../src/usecases/resume-sending.ts';
import { revokeCredential } from '../../src/usecases/revoke-credential.ts';
import { rotateCredential } from '../../src/usecases/rotate-credential.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { openTestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { copiesOf } from '../support/doubts.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';

const minute = 60_000;
/** So that it can recover its log, which is all there, to a new timeline. */
const settings = { wal_level: 'replica', restore_command: 'false' };
const folder = mkdtempSync(join(tmpdir(), 'sotto-test-restore-'));
const journalLocation = `file:${join(folder, 'journal')}`;

let dataDir: DataDir;
let server: EmbeddedPostgres;
let database: ReturnType<typeof openTestDatabase>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let keys: KeyStore;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let journals: Record<'api' | 'patient' | 'worker' | 'commandLine', Journal>;
let removeKeys: () => Promise<void>;

beforeAll(async () => {
  dataDir = await takeDataDir(join(folder, 'data'));
  server = await startEmbeddedPostgres({ dataDir: dataDir.path, settings });
  await migrate(server.adminUrl);
  const roleUrls = await createRoleLogins(server.adminUrl);
  database = openTestDatabase({ adminUrl: server.adminUrl, roleUrls });
  peer = await startMessagesPeer();
  bench = createDispatchBench({ ...database, drop: database.close }, peer);
  journals = {
    api: await openJournal(journalLocation, 'api'),
    patient: await openJournal(journalLocation, 'patient'),
    worker: await openJournal(journalLocation, 'worker'),
    commandLine: await openJournal(journalLocation, 'command-line'),
  };
}, 60_000);

afterAll(async () => {
  await peer.close();
  await database.close();
  await removeKeys();
  for (const journal of Object.values(journals)) await journal.close();
  await server.stop();
  dataDir.release();
  rmSync(folder, { recursive: true, force: true });
});

type Incident = Parameters<OpenRestoreIncident>[0];

function scheduler({ openIncident }: { openIncident?: OpenRestoreIncident } = {}) {
  const incidents: Incident[] = [];
  const admit = createAdmission({
    database: bench.scheduler,
    journal: journalLocation,
    openIncident: openIncident ?? (async (incident) => void incidents.push(incident)),
    log: silentLog,
  });
  return { admit, incidents };
}
const mark = () =>
  markHighWater({ database: bench.scheduler, journal: journalLocation, log: silentLog });

/** Stops the server, does something to its files, and starts it at the same place. */
async function whileStopped(work: () => void = () => {}): Promise<void> {
  await server.stop();
  work();
  server = await startEmbeddedPostgres({ dataDir: dataDir.path, port: server.port, settings });
}
const postgresFolder = () => join(dataDir.path, 'postgres');
const backup = join(folder, 'backup');

const one = async (query: string, values: unknown[] = []) => (await bench.rows(query, values))[0];
const stateOf = async ({ id }: SeededReminder) =>
  one('select state, reason_code, possible_duplicate, possibly_sent from reminders where id = $1', [
    id,
  ]);

async function settleThroughWindow(): Promise<void> {
  for (const minutes of [1, 4, 10]) {
    await bench.turnClock(minutes * minute);
    await bench.settle();
  }
}

/** Seeded reminders come without the event of their beginning. */
async function expectBalance(): Promise<void> {
  await database.admin.query(
    `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, to_state)
     select r.organisation_id, r.mode, 'reminder.scheduled', 'seeded', r.appointment_id, r.id, 'scheduled'
     from reminders r where not exists (select from events e
       where e.reminder_id = r.id and e.from_state is null and e.to_state is not null)`,
  );
  const lines = await administer(database.adminUrl, (connection) =>
    countLedger(connection, undefined),
  );
  const broken = lines.filter(({ byRows, carried, byEvents }) => byRows + carried !== byEvents);
  expect(broken).toEqual([]);
}

describe('a server whose files were put back to an earlier day', () => {
  it('sends nothing again unflagged, loses nothing, and undoes no erasure, stop, lock-out or revocation', async () => {
    const resends = await database.createOrganisation();
    const holds = await database.createOrganisation({ uncertain_policy: 'hold' });
    const made = await createTestKeys([resends, holds]);
    keys = made.keys;
    removeKeys = made.remove;
    accept = await createTestAccept({
      ...{ database: database.open('api'), keys, directory: made.directory },
      change: { journal: journals.api },
    });
    const put = (organisationId: string, reference: string) =>
      accept.put({ organisationId, mode: 'test', reference, body: appointmentRequest() });
    const admin = { adminUrl: database.adminUrl, journal: journals.commandLine };
    const opsUsers = {
      transaction: <T>(work: Parameters<typeof administer<T>>[1]) =>
        administer(database.adminUrl, work),
      journal: journals.commandLine,
    };

    // Before the backup.
    const first = scheduler();
    expect(await first.admit()).toBe(true);
    const told = await bench.seed({ organisationId: resends, count: 3 });
    await bench.drain();
    await Promise.all([
      put(resends, 'kept'),
      put(resends, 'erased-later'),
      put(holds, 'locked-later'),
    ]);
    const anna = {
      name: 'anna',
      role: 'operator',
      password: new Secret('a long password'),
    } as const;
    await createOpsUser(opsUsers as never, { ...anna, actor: 'tester' });
    const revoked = await createApiKey(admin, { organisationId: resends, mode: 'live' });
    const rotated = await createApiKey(admin, { organisationId: resends, mode: 'live' });
    const sentSince = await bench.seed({ organisationId: resends, count: 6 });
    const queuedThen = (await bench.feed()).slice(0, 1);
    const sentHeld = await bench.seed({ organisationId: holds, count: 2 });
    const missed = await bench.seed({ organisationId: resends, count: 2, dueInMs: 3_600_000 });
    const missedHeld = await bench.seed({ organisationId: holds, count: 1, dueInMs: 3_600_000 });
    const later = await bench.seed({ organisationId: resends, count: 2, dueInMs: 7_200_000 });
    await database.admin.query(
      `update reminders set send_at = now() + interval '2 hours' where id = any($1::uuid[])`,
      [later.map(({ id }) => id)],
    );
    await mark();
    await whileStopped(() =>
      cpSync(postgresFolder(), backup, { recursive: true, preserveTimestamps: true }),
    );

    // What the backup does not know.
    expect(await first.admit()).toBe(true);
    await Promise.all(queuedThen.map((batchId) => bench.dispatch(batchId)));
    await bench.drain();
    expect(copiesOf(peer, [...sentSince, ...sentHeld])).toEqual(Array(8).fill(1));
    await accept.remove({
      organisationId: resends,
      mode: 'test',
      reference: 'erased-later',
      erase: true,
    });
    await put(resends, 'lost-1');
    await put(resends, 'lost-2');
    await put(holds, 'lost-3');
    const gone = await put(holds, 'made-and-erased');
    await accept.remove({
      organisationId: holds,
      mode: 'test',
      reference: 'made-and-erased',
      erase: true,
    });
    const stopped = new Secret('+33639980077');
    const lifted = new Secret('+33639980078');
    const optOut = { database: bench.worker, journal: journals.worker, keys };
    await recordOptOut(optOut, { channel: 'sms', contact: stopped, source: 'provider' });
    const [locked] = await bench.rows(
      `select id from appointments where reference = 'locked-later'`,
    );
    await journals.patient.append({
      ...{ kind: 'lock_out', appointmentId: String(locked?.id), factor: 'pin' },
    });
    const [linkOut] = await bench.rows('select id from links where appointment_id = $1', [
      locked?.id,
    ]);
    await journals.api.append({ kind: 'link_revocation', linkId: String(linkOut?.id) });
    await revokeCredential(admin, { credentialId: revoked.id });
    await rotateCredential(
      { ...admin, now: () => new Date() },
      {
        ...{ credentialId: rotated.id, overlapMs: minute },
      },
    );
    await disableOpsUser(opsUsers as never, { name: 'anna', actor: 'tester' });
    const [indexOfLifted] = suppressionIndexes(await keys.symmetricKeys('pepper'), lifted);
    for (const kind of ['suppression', 'suppression_lifted', 'suppression'] as const) {
      await journals.worker.append({
        ...{ kind, index: indexOfLifted?.index.toString('hex') ?? '', channel: 'sms' },
        ...{ pepper: indexOfLifted?.pepperId ?? '', source: 'reply' },
      });
    }
    const cursorThen = await readEndOfEvents(database.open('api', 1));
    await mark();
    await whileStopped(() => {
      rmSync(postgresFolder(), { recursive: true });
      cpSync(backup, postgresFolder(), { recursive: true, preserveTimestamps: true });
    });

    // Before anybody has compared it, nothing goes out, not even what was queued then.
    expect(await maySend(bench.worker)).toBe(false);
    expect(await bench.states()).toMatchObject({ queued: 6 });
    await Promise.all(queuedThen.map((batchId) => bench.dispatch(batchId)));
    await bench.drain();
    expect(copiesOf(peer, sentSince)).toEqual(Array(6).fill(1));

    // One dies in the middle; then two at once.
    const dying = scheduler({ openIncident: () => Promise.reject(new Error('died')) });
    await expect(dying.admit()).rejects.toThrow('died');
    expect(await maySend(bench.worker)).toBe(false);
    const [one1, other] = [scheduler(), scheduler()];
    await Promise.allSettled([one1.admit(), other.admit()]);
    expect(await one1.admit()).toBe(true);
    expect(await maySend(bench.worker)).toBe(true);
    const [incident] = [...one1.incidents, ...other.incidents];
    expect(incident).toMatchObject({ code: 'restored_behind', facts: { acceptedLost: 4 } });
    expect(incident?.facts).toMatchObject({ journalEntriesUnknown: 1, journalFailures: 0 });
    expect(incident?.organisationIds?.toSorted()).toEqual([resends, holds].toSorted());

    expect(await one(`select count(*)::int from lives`)).toEqual({ count: 2 });
    for (const reminder of [...sentSince, ...sentHeld, ...missed, ...missedHeld]) {
      expect(await stateOf(reminder)).toMatchObject({
        state: 'uncertain',
        reason_code: 'restored',
      });
    }
    for (const reminder of told) expect(await stateOf(reminder)).toMatchObject({ state: 'sent' });
    for (const reminder of later)
      expect(await stateOf(reminder)).toMatchObject({ state: 'scheduled' });

    // Stopped until a person resumes it; looking goes on meanwhile.
    await mark();
    expect(await bench.feed()).toEqual([]);
    await settleThroughWindow();
    expect(await bench.feed()).toEqual([]);
    for (const reminder of [...sentSince, ...sentHeld]) {
      expect(await stateOf(reminder)).toMatchObject({ state: 'sent', possible_duplicate: false });
    }
    for (const reminder of missed) {
      expect(await stateOf(reminder)).toMatchObject({
        state: 'scheduled',
        possible_duplicate: true,
      });
    }
    expect(await stateOf(missedHeld[0] as SeededReminder)).toMatchObject({
      ...{ state: 'failed', reason_code: 'held_uncertain', possibly_sent: true },
    });
    const proved = await bench.rows(
      `select provider_id, transport from attempts where reason_code is null and reminder_id = any($1::uuid[])`,
      [sentSince.map(({ id }) => id)],
    );
    expect(proved).toHaveLength(6);
    await resumeSending(opsUsers as never, {
      ...{ organisationId: undefined, channel: undefined, actor: 'tester', reason: 'looked at it' },
    });
    await bench.drain();
    expect(copiesOf(peer, [...told, ...sentSince, ...sentHeld, ...missed])).toEqual(
      Array(13).fill(1),
    );
    expect(copiesOf(peer, [...missedHeld, ...later])).toEqual([0, 0, 0]);

    // What was taken away stays away.
    const erased = await one(`select state from appointments where reference = 'erased-later'`);
    expect(erased).toEqual({ state: 'erased' });
    expect(
      await bench.rows(
        `select from versions v join appointments a on a.id = v.appointment_id where a.state = 'erased'`,
      ),
    ).toEqual([]);
    expect(await one('select from appointments where id = $1', [gone.id])).toBeUndefined();
    expect(await one('select count(*)::int from suppressions')).toEqual({ count: 2 });
    expect(await one('select revoked_at from credentials where id = $1', [revoked.id])).toEqual({
      revoked_at: expect.any(Date),
    });
    expect(await one('select expires_at from credentials where id = $1', [rotated.id])).toEqual({
      expires_at: expect.any(Date),
    });
    expect(await one('select disabled_at from ops_users')).toEqual({
      disabled_at: expect.any(Date),
    });
    expect(await one('select factor, locked_at, help_code from factor_failures')).toEqual({
      ...{ factor: 'pin', locked_at: expect.any(Date), help_code: expect.any(String) },
    });
    expect(await one('select revoked_at from links where id = $1', [linkOut?.id])).toEqual({
      revoked_at: expect.any(Date),
    });

    // Whoever kept a position of the life that is over goes on from it.
    const newsOf = (mode: 'live' | 'test') =>
      readEvents(database.open('api', 1), {
        ...{ organisationId: resends, mode, after: cursorThen, limit: 200 },
      });
    const doubts = (await newsOf('live')).filter(({ type }) => type === 'reminder.uncertain');
    expect(doubts).toHaveLength(8);
    expect((await newsOf('test')).map(({ type }) => type)).toContain('appointment.erased');
    await expectBalance();

    // Started anew without a restore, it just goes on.
    await whileStopped();
    const again = scheduler();
    expect(await maySend(bench.worker)).toBe(false);
    expect(await again.admit()).toBe(true);
    expect(again.incidents).toEqual([]);
    const after = await bench.seed({ organisationId: resends, count: 1 });
    await bench.drain();
    expect(copiesOf(peer, after)).toEqual([1]);

    // Another timeline, as after a failover: the last of it may not have got there. Doubts, and no stop.
    const [unknown] = await bench.seed({ organisationId: resends, count: 1 });
    await mark();
    await whileStopped(() => writeFileSync(join(postgresFolder(), 'recovery.signal'), ''));
    const standby = scheduler();
    await waitFor(async () => (await one('select pg_is_in_recovery() as is'))?.is === false);
    expect(await maySend(bench.worker)).toBe(false);
    expect(await standby.admit()).toBe(true);
    expect(standby.incidents).toMatchObject([{ facts: { acceptedLost: 0, remindersInDoubt: 1 } }]);
    expect(await stateOf(unknown as SeededReminder)).toMatchObject({ state: 'uncertain' });
    const next = await bench.seed({ organisationId: resends, count: 1 });
    await bench.drain();
    expect(copiesOf(peer, next)).toEqual([1]);
  }, 90_000);
});
