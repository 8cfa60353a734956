import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { openJournal } from '../../src/journal/journal.ts';
import type { JournalRole } from '../../src/journal/journal-writers.ts';
import { administer } from '../../src/store/administration.ts';
import type { AnyConnection } from '../../src/store/database.ts';
import { readEndOfEvents, readEvents } from '../../src/store/event-reads.ts';
import { countLedger } from '../../src/store/ledger.ts';
import { maySend } from '../../src/store/lives.ts';
import { createAdmission, type OpenRestoreIncident } from '../../src/usecases/admit-database.ts';
import { changeOrganisation } from '../../src/usecases/change-organisation.ts';
import { removeSendCheck } from '../../src/usecases/change-send-check.ts';
import { deleteWebhookEndpoint } from '../../src/usecases/change-webhook-endpoint.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import {
  changeOpsLogin,
  changeOpsPassword,
  changeOpsRole,
  createOpsUser,
} from '../../src/usecases/create-ops-user.ts';
import { disableOpsUser } from '../../src/usecases/disable-ops-user.ts';
import { markHighWater } from '../../src/usecases/mark-high-water.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { redriveReminder } from '../../src/usecases/redrive-dead-letters.ts';
import { registerPublicKey, removePublicKey } from '../../src/usecases/register-public-key.ts';
import { resumeSending } from '../../src/usecases/resume-sending.ts';
import { revokeCredential } from '../../src/usecases/revoke-credential.ts';
import { rotateCredential } from '../../src/usecases/rotate-credential.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { startCopiedServer } from '../support/copied-server.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { copiesOf } from '../support/doubts.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { createNarrowings } from '../support/narrowings.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';
import { createSigner } from '../support/signed-request.ts';

const minute = 60_000;
const inAnHour = { dueInMs: 60 * minute };
let server: Awaited<ReturnType<typeof startCopiedServer>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let parts: Parts;
let narrowings: Awaited<ReturnType<typeof createNarrowings>>;
let before: Awaited<ReturnType<typeof liveUntilBackup>>;
let since: Awaited<ReturnType<typeof liveOn>>;

beforeAll(async () => {
  server = await startCopiedServer();
  peer = await startMessagesPeer();
  const { database } = server;
  bench = createDispatchBench({ ...database, drop: database.close }, peer);
  parts = await openParts();
  before = await liveUntilBackup(parts);
  narrowings = await createNarrowings({
    ...{ database, keys: parts.keys, journals: parts.journals },
  });
  await mark();
  await server.backUp();
  since = await liveOn(parts, before);
  await narrowings.live();
  await mark();
  await server.putBack();
}, 60_000);

afterAll(async () => {
  await parts.close();
  await peer.close();
  await server.remove();
});

const journalLocation = () => `file:${join(server.folder, 'journal')}`;
const mark = () =>
  markHighWater({
    ...{ database: bench.scheduler, journal: journalLocation(), log: silentLog },
    openIncident: async (incident) => void notSeen.push(incident),
  });
/** What marks told of: lives that nobody here began. */
const notSeen: unknown[] = [];

function scheduler(openIncident?: OpenRestoreIncident) {
  const incidents: Parameters<OpenRestoreIncident>[0][] = [];
  const admit = createAdmission({
    ...{ database: bench.scheduler, journal: journalLocation(), log: silentLog },
    openIncident: openIncident ?? (async (incident) => void incidents.push(incident)),
  });
  return { admit, incidents };
}

const asAdministrator = {
  transaction: <T>(work: (connection: AnyConnection) => Promise<T>) =>
    administer(server.database.adminUrl, work),
};

/** What roles and the command line are made of. */
async function openParts() {
  const { database } = server;
  const resends = await database.createOrganisation();
  const holds = await database.createOrganisation({ uncertain_policy: 'hold' });
  const made = await createTestKeys([resends, holds]);
  const open = (role: JournalRole) => openJournal(journalLocation(), role);
  const journals = {
    ...{ api: await open('api'), patient: await open('patient') },
    ...{ worker: await open('worker'), commandLine: await open('command-line') },
  };
  const accept = await createTestAccept({
    ...{ database: database.open('api'), keys: made.keys, directory: made.directory },
    change: { journal: journals.api },
  });
  return {
    ...{ resends, holds, keys: made.keys, journals },
    admin: { adminUrl: database.adminUrl, journal: journals.commandLine, now: () => new Date() },
    put: (organisationId: string, reference: string) =>
      accept.put({ organisationId, mode: 'test', reference, body: appointmentRequest() }),
    erase: (organisationId: string, reference: string) =>
      accept.remove({ organisationId, mode: 'test', reference, erase: true }),
    async close() {
      for (const journal of Object.values(journals)) await journal.close();
      await made.remove();
    },
  };
}
type Parts = Awaited<ReturnType<typeof openParts>>;

async function liveUntilBackup({ resends, holds, admin, put }: Parts) {
  expect(await scheduler().admit()).toBe(true);
  const told = await bench.seed({ organisationId: resends, count: 3 });
  await bench.drain();
  await bench.rows(`update links set selector = 'z' where reminder_id = $1`, [told[0]?.id]);
  for (const reference of ['kept', 'erased-later']) await put(resends, reference);
  await put(holds, 'locked-later');
  for (const name of ['anna', 'lowered', 'raised', 'back', 'renewed', 'unlinked', 'cut-off']) {
    const login = { issuer: 'https://login.example', subject: new Secret(name) };
    const password = new Secret('a long password');
    const user = { name, role: 'operator', actor: 'tester', login, password } as const;
    await createOpsUser(asAdministrator, user);
  }
  // Ended since, which no journal tells.
  await bench.rows(
    `insert into ops_sessions (token_hash, user_id) select sha256('x'), id from ops_users where name = 'raised'`,
  );
  const key = { organisationId: resends, mode: 'live' } as const;
  const [revoked, rotated] = [await createApiKey(admin, key), await createApiKey(admin, key)];
  const { key: signs } = await createSigner();
  const { id: credentialId } = await registerPublicKey(admin, { ...key, key: signs });
  const signing = { credentialId, thumbprint: signs.thumbprint };
  const endpointId = randomUUID();
  await bench.rows(
    `insert into webhook_endpoints (id, organisation_id, mode, url, after_transaction, after_id)
     values ($1, $2, 'live', 'https://example.org', '0', 0)`,
    [endpointId, resends],
  );
  for (const organisationId of [resends, holds, await server.database.createOrganisation()]) {
    await bench.rows(
      `insert into send_checks (id, organisation_id, mode, url)
       values (gen_random_uuid(), $1, 'test', 'https://booking.example')`,
      [organisationId],
    );
  }
  const sentLater = await bench.seed({ organisationId: resends, count: 6 });
  const [queued = ''] = await bench.feed();
  const sentLaterToo = await bench.seed({ organisationId: holds, count: 2 });
  // Their send time has come, and nobody ever sends them.
  const missed = await bench.seed({ organisationId: resends, count: 2, ...inAnHour });
  const missedHeld = await bench.seed({ organisationId: holds, count: 1, ...inAnHour });
  const ahead = await bench.seed({ organisationId: resends, count: 2, ...inAnHour });
  await bench.rows(`update reminders set send_at = due_at where id = any($1::uuid[])`, [
    ahead.map(({ id }) => id),
  ]);
  const organisationIds = [resends, holds].sort();
  const ids = {
    organisationId: resends,
    organisationIds,
    endpointId,
    signing,
    revoked: revoked.id,
    rotated: rotated.id,
  };
  return { ...ids, told, sent: [...sentLater, ...sentLaterToo], queued, missed, missedHeld, ahead };
}

/** What the backup does not know. */
async function liveOn(parts: Parts, known: typeof before) {
  const { revoked, rotated, queued, sent, endpointId } = known;
  const { resends, holds, admin, keys, journals, put, erase } = parts;
  expect(await scheduler().admit()).toBe(true);
  await bench.dispatch(queued);
  await bench.drain();
  expect(copiesOf(peer, sent)).toEqual(sent.map(() => 1));
  await put(resends, 'lost-1');
  await put(resends, 'lost-2');
  await put(holds, 'lost-3');
  await erase(resends, 'erased-later');
  await put(holds, 'made-and-erased');
  await erase(holds, 'made-and-erased');
  const optOut = { database: bench.worker, journal: journals.worker, keys };
  for (const phone of ['+33639980077', '+33639980078']) {
    await recordOptOut(optOut, { channel: 'sms', contact: new Secret(phone), source: 'provider' });
  }
  // Said stop, took it back, said it again: what was said last holds.
  const fickle = { index: 'ab'.repeat(32), pepper: '1', channel: 'sms', source: 'reply' };
  for (const kind of ['suppression', 'suppression_lifted', 'suppression'] as const) {
    await journals.worker.append({ kind, ...fickle });
  }
  const about = await one(
    `select a.id, l.id as link from appointments a join links l on l.appointment_id = a.id
     where a.reference = 'locked-later' limit 1`,
  );
  const [appointmentId, linkId] = [String(about?.id), String(about?.link)];
  await journals.patient.append({ kind: 'lock_out', appointmentId, factor: 'pin' });
  await journals.api.append({ kind: 'link_revocation', linkId });
  await journals.commandLine.append({ kind: 'selector_revocation', selector: 'z' });
  await deleteWebhookEndpoint(
    { database: server.database.open('api', 1), journal: journals.api },
    { organisationId: resends, mode: 'live', endpointId, credentialId: rotated },
  );
  await removeSendCheck(
    {
      transaction: (id, work) => server.database.open('api', 1).transaction([id], work),
      journal: journals.api,
    },
    { organisationId: resends, mode: 'test', actor: `credential ${rotated}` },
  );
  await removeSendCheck(
    {
      transaction: (_, work) => administer(server.database.adminUrl, work),
      journal: journals.commandLine,
    },
    { organisationId: holds, mode: 'test', actor: 'tester' },
  );
  await revokeCredential(admin, { credentialId: revoked });
  await rotateCredential(admin, { credentialId: rotated, overlapMs: minute });
  await removePublicKey(admin, known.signing);
  // As whoever took over `patient` can: it may end nobody's key.
  const planted = { at: new Date(), kind: 'credential_revocation', credentialId: rotated };
  const ofPatient = join(server.folder, 'journal', 'patient.ndjson');
  appendFileSync(ofPatient, `${JSON.stringify(planted)}\n`);
  const disabling = { ...asAdministrator, journal: journals.commandLine };
  await disableOpsUser(disabling, { name: 'anna', actor: 'tester' });
  const roles = { lowered: ['viewer'], raised: ['admin'], back: ['viewer', 'operator'] } as const;
  for (const [name, given] of Object.entries(roles)) {
    for (const role of given) await changeOpsRole(disabling, { name, role, actor: 'tester' });
  }
  const password = new Secret('another long password');
  await changeOpsPassword(disabling, { name: 'renewed', password, actor: 'tester' });
  await changeOpsLogin(disabling, { name: 'unlinked', login: undefined, actor: 'tester' });
  for (const [organisationId, policies] of [
    [resends, ['strict']],
    [holds, ['strict', 'standard']],
  ] as const) {
    for (const proofPolicy of policies) {
      await changeOrganisation(
        {
          ...disabling,
          channelsAvailable: ['sms', 'email'],
          portals: { loopbackAllowed: true, isPortalForAll: false },
        },
        { organisationId, actor: 'tester', isAdministrator: true, wanted: { proofPolicy } },
      );
    }
  }
  const position = await readEndOfEvents(server.database.open('api', 1));
  return { position, linkId };
}

const one = async (query: string, values: unknown[] = []) => (await bench.rows(query, values))[0];

async function statesOf(seeded: readonly SeededReminder[]) {
  return bench.rows(
    `select distinct state, reason_code, possible_duplicate, possibly_sent from reminders
     where id = any($1::uuid[])`,
    [seeded.map(({ id }) => id)],
  );
}

/** Seeded reminders come without the event of their beginning. */
async function unbalancedLines() {
  await bench.rows(
    `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, to_state)
     select r.organisation_id, r.mode, 'reminder.scheduled', 'seeded', r.appointment_id, r.id, 'scheduled'
     from reminders r where not exists (select from events e
       where e.reminder_id = r.id and e.from_state is null and e.to_state is not null)`,
  );
  const lines = await asAdministrator.transaction((admin) => countLedger(admin, undefined));
  return lines.filter(({ byRows, carried, byEvents }) => byRows + carried !== byEvents);
}

/** In this order: each goes on where the one before it ended. */
describe('a server whose files were put back to an earlier day', () => {
  it('sends nothing before it was compared with its mark, not even what was queued then', async () => {
    expect(await maySend(bench.worker)).toBe(false);
    expect(await bench.states()).toMatchObject({ queued: 6 });
    await bench.dispatch(before.queued);
    await bench.drain();
    expect(copiesOf(peer, before.sent)).toEqual(before.sent.map(() => 1));
  });

  it('accepts nothing before, since what is put over what was erased since would be erased with it', async () => {
    const puts = ['erased-later', 'new-now'].map((name) => parts.put(before.organisationId, name));
    for (const put of await Promise.allSettled(puts)) {
      expect(put).toMatchObject({ reason: { code: 'restoring', retryAfterS: 3 } });
    }
    expect(
      await bench.rows(`select reference, state, version from appointments
        where reference in ('erased-later', 'new-now')`),
    ).toEqual([{ reference: 'erased-later', state: 'booked', version: 1 }]);
  });

  it('is dealt with once, though one dies in the middle and two begin again at once', async () => {
    const dying = scheduler(() => Promise.reject(new Error('died')));
    await expect(dying.admit()).rejects.toThrow('died');
    expect(await maySend(bench.worker)).toBe(false);
    const both = [scheduler(), scheduler()];
    await Promise.allSettled(both.map(({ admit }) => admit()));
    // Where the two were in each other's way, the next round of either does it.
    const next = scheduler();
    expect(await next.admit()).toBe(true);
    expect(await maySend(bench.worker)).toBe(true);
    expect(await one('select count(*)::int from database_lives')).toEqual({ count: 2 });
    const [incident] = [...both, next].flatMap(({ incidents }) => incidents);
    expect(incident).toMatchObject({
      code: 'restored_behind',
      facts: { acceptedLost: 4, journalEntriesUnknown: 1, journalFailures: 1 },
    });
    expect(incident?.organisationIds?.toSorted()).toEqual(before.organisationIds);
  });

  it('puts in doubt what may have gone out since, and nothing else', async () => {
    const { sent, missed, missedHeld, told, ahead } = before;
    expect(await statesOf([...sent, ...missed, ...missedHeld])).toMatchObject([
      { state: 'uncertain', reason_code: 'restored' },
    ]);
    expect(await statesOf(told)).toMatchObject([{ state: 'sent', possibly_sent: false }]);
    expect(await statesOf(ahead)).toMatchObject([{ state: 'scheduled' }]);
  });

  it('stays stopped while doubts are settled, until a person resumes it; nothing goes out twice', async () => {
    const { sent, missed, missedHeld, told, ahead } = before;
    await mark();
    for (const minutes of [1, 4, 10]) {
      await bench.turnClock(minutes * minute);
      await bench.settle();
    }
    expect(await bench.feed()).toEqual([]);
    expect(await statesOf(sent)).toMatchObject([{ state: 'sent', possible_duplicate: false }]);
    expect(await statesOf(missed)).toMatchObject([
      { state: 'scheduled', reason_code: 'not_settled', possible_duplicate: true },
    ]);
    expect(await statesOf(missedHeld)).toMatchObject([
      { state: 'failed', reason_code: 'held_uncertain', possibly_sent: true },
    ]);
    const found = await bench.rows(
      `select t.provider_id from attempts t where t.outcome = 'accepted' and t.reminder_id = any($1::uuid[])`,
      [sent.map(({ id }) => id)],
    );
    expect(found.map((row) => row.provider_id).sort()).toEqual(
      peer.accepted
        .filter(({ to }) => sent.some(({ phone }) => phone === to))
        .map(({ providerId }) => providerId)
        .sort(),
    );
    await resumeSending(asAdministrator, {
      ...{ organisationId: undefined, channel: undefined, actor: 'tester', reason: 'looked at it' },
    });
    await bench.drain();
    const out = [...told, ...sent, ...missed];
    expect(copiesOf(peer, out)).toEqual(out.map(() => 1));
    expect(copiesOf(peer, [...missedHeld, ...ahead])).toEqual([0, 0, 0]);
    expect(await unbalancedLines()).toEqual([]);
  });

  it('flags what a person sends again of what it holds, though it knows of no attempt', async () => {
    const [held] = before.missedHeld;
    const redrive = { reminderId: held?.id ?? '', actor: 'tester', reason: 'looked at it' };
    await redriveReminder({ database: server.database.open('ops', 1) }, redrive);
    expect(await statesOf(before.missedHeld)).toMatchObject([
      { state: 'scheduled', possible_duplicate: true },
    ]);
  });

  it.each([
    ['erased', `select 1 from appointments where reference = 'erased-later' and state = 'erased'`],
    [
      'shredded',
      `select 1 where not exists (select from versions v join appointments a on a.id = v.appointment_id
         where a.state = 'erased')`,
    ],
    ['pushed to nobody', 'select 1 from webhook_endpoints having count(*) = 0'],
    ['asked about no more', 'select 1 from send_checks having count(*) = 1'],
    // Two by their provider, who took it back and said it again, and whose START was not committed.
    ['stopped', 'select 1 from suppressions having count(*) = 4'],
    ['revoked', 'select 1 from credentials where id = $1 and revoked_at is not null'],
    ['ended', 'select 1 from credentials where id = $2 and expires_at is not null'],
    ['sealed anew', `select 1 from revoked_days where day = '2026-12-03'`],
    ['taken away', 'select 1 from credential_keys having count(*) = 0'],
    ['disabled', `select 1 from ops_users where disabled_at is not null having min(name) = 'anna'`],
    [
      'locked',
      `select 1 from factor_failures where factor = 'pin' and locked_at is not null
       and help_code is not null`,
    ],
    ['dead', 'select 1 from links where id = $3 and revoked_at is not null'],
    ['dead with its key', `select 1 from links where selector = 'z' and revoked_at is not null`],
  ])('keeps what was %s so', async (_, query) => {
    const ids = `with ids as (select $1::uuid, $2::uuid, $3::uuid) ${query}`;
    expect(await bench.rows(ids, [before.revoked, before.rotated, since.linkId])).toHaveLength(1);
  });

  it('carries out nothing that stands in the journal of a role that never writes it', async () => {
    const { rotated } = before;
    expect(await one('select revoked_at from credentials where id = $1', [rotated])).toEqual({
      revoked_at: null,
    });
  });

  it('signs everybody out, and gives nobody back what was taken from them since', async () => {
    expect(await bench.rows('select 1 from ops_sessions')).toEqual([]);
    const users = await bench.rows(
      `select name, role, password_hash is not null as password, subject is not null as login
       from ops_users where disabled_at is null order by name`,
    );
    const [password, login] = [true, true];
    expect(users).toEqual([
      { name: 'back', role: 'operator', password, login },
      { name: 'cut-off', role: 'viewer', password, login },
      { name: 'lowered', role: 'viewer', password, login },
      // By what stands in a file nobody gets more rights.
      { name: 'raised', role: 'operator', password, login },
      { name: 'renewed', role: 'operator', password: false, login },
      { name: 'unlinked', role: 'operator', password, login: false },
    ]);
    const policies = await bench.rows('select proof_policy from organisations where id = any($1)', [
      before.organisationIds,
    ]);
    expect(policies.map((row) => row.proof_policy).toSorted()).toEqual(['standard', 'strict']);
  });

  it('allows no more than before, and what was eased since as far as that was committed', async () => {
    const { ids, platform, stillAllowed, keptPasskey, limits, wider } = narrowings;
    const organisations = await bench.rows(
      `select id, proof_policy, birth_date_opens_all, countries,
         requests_per_minute as "requestsPerMinute",
         appointments_per_hour as "appointmentsPerHour", appointments_per_day as "appointmentsPerDay",
         reminders_per_hour as "remindersPerHour", reminders_per_day as "remindersPerDay",
         numbers_per_hour as "numbersPerHour"
       from organisations where id = any($1)`,
      [[ids.narrowed, ids.eased, ids.moved]],
    );
    const found = (id: string) => organisations.find((row) => row.id === id);
    expect(found(ids.narrowed)).toMatchObject({
      ...{ proof_policy: 'strict', birth_date_opens_all: false, countries: ['FR'] },
      ...limits,
    });
    expect(found(ids.eased)).toMatchObject({
      ...{ proof_policy: 'standard', birth_date_opens_all: true, countries: ['BE', 'FR'] },
      ...wider,
    });
    expect(found(ids.moved)).toMatchObject({ countries: ['BE'], appointmentsPerHour: 1_000_000 });
    const keys = await bench.rows(
      'select id, quotas, networks::text[] from credentials where id = any($1)',
      [[ids.limited, ids.movedKey]],
    );
    expect(keys.toSorted((one) => (one.id === ids.limited ? -1 : 1))).toEqual([
      { id: ids.limited, quotas: { appointmentsPerHour: 3 }, networks: ['192.0.2.7/32'] },
      { id: ids.movedKey, quotas: {}, networks: ['192.0.2.128/25'] },
    ]);
    expect(
      await bench.rows(
        'select organisation_id from credential_organisations where credential_id = $1',
        [platform],
      ),
    ).toEqual([{ organisation_id: stillAllowed }]);
    expect(await bench.rows('select id from passkeys')).toEqual([{ id: keptPasskey }]);
  });

  it('tells readers of events what came after, whatever position they have kept', async () => {
    const api = server.database.open('api', 1);
    const { organisationId } = before;
    const typesOf = async (mode: 'live' | 'test') => {
      const read = { organisationId, mode, after: since.position, limit: 200 };
      const events = await readEvents(api, read);
      return events === 'gone' ? [] : events.map(({ type }) => type);
    };
    const doubts = (await typesOf('live')).filter((type) => type === 'reminder.uncertain');
    expect(doubts).toHaveLength(8);
    expect(await typesOf('test')).toContain('appointment.erased');
  });

  it('goes on by itself when it is only started anew', async () => {
    await server.startAnew();
    const { admit, incidents } = scheduler();
    expect(await maySend(bench.worker)).toBe(false);
    expect(await admit()).toBe(true);
    expect(incidents).toEqual([]);
    const next = await bench.seed({ organisationId: before.organisationId, count: 1 });
    await bench.drain();
    expect(copiesOf(peer, next)).toEqual([1]);
  });

  it('doubts what the last seconds may have sent after a failover, and sends on', async () => {
    const { organisationId } = before;
    const due = await bench.seed({ organisationId, count: 1 });
    const ahead = await bench.seed({ organisationId, count: 1 });
    await bench.rows(
      `update reminders set send_at = now() + interval '1 minute',
      due_at = now() + interval '1 minute' where id = $1`,
      [ahead[0]?.id],
    );
    await mark();
    await server.promote();
    const path = join(server.folder, 'journal', 'high-water-mark.json');
    const seen = JSON.parse(readFileSync(path, 'utf8'));
    // It had seen two that the standby lacks; booking systems are answered again before anybody compares.
    seen.accepted[organisationId] = (seen.accepted[organisationId] ?? 0) + 2;
    writeFileSync(path, JSON.stringify(seen));
    await bench.rows(
      `insert into receipts (organisation_id, mode, receipt_id, issued_at)
       select $1, 'test', gen_random_uuid(), now() + interval '5 seconds' from generate_series(1, 9)`,
      [organisationId],
    );
    const { admit, incidents } = scheduler();
    expect(await maySend(bench.worker)).toBe(false);
    expect(await admit()).toBe(true);
    expect(incidents).toMatchObject([
      { facts: { acceptedLost: 2, remindersInDoubt: 1 }, organisationIds: [organisationId] },
    ]);
    expect(await statesOf(due)).toMatchObject([{ state: 'uncertain' }]);
    expect(await statesOf(ahead)).toMatchObject([{ state: 'scheduled' }]);
    const next = await bench.seed({ organisationId, count: 1 });
    await bench.drain();
    expect(copiesOf(peer, next)).toEqual([1]);
  });

  it('is told of once where somebody only wrote into the database that there was one', async () => {
    await mark();
    expect(notSeen, 'every restore until here was dealt with').toEqual([]);
    // As the database's owner can: it looks like one that was dealt with.
    await bench.rows(
      `insert into database_lives (number, identity, timeline, run, ready_at)
       select number + 1, identity, timeline, run, now() from database_lives order by number desc limit 1`,
    );
    const { admit, incidents } = scheduler();
    expect(await admit()).toBe(true);
    await mark();
    await mark();
    expect(incidents).toEqual([]);
    expect(notSeen).toMatchObject([{ code: 'restored_behind', facts: { restoresNotSeen: 1 } }]);
  });
});
