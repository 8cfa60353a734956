import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { codeHash, sessionHash } from '../../src/keys/code-hash.ts';
import { type KeyRole, privateFolders } from '../../src/keys/key-places.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { passkeyBox } from '../../src/keys/passkey-box.ts';
import { sourceHash, sourceOfLink } from '../../src/keys/source-hash.ts';
import { createBells } from '../../src/queue/bells.ts';
import { administer } from '../../src/store/administration.ts';
import { acceptInboundMessage } from '../../src/usecases/accept-callback.ts';
import { putSendCheck } from '../../src/usecases/change-send-check.ts';
import { clearSettledParcels } from '../../src/usecases/clear-parcels.ts';
import { createWebhookEndpoint } from '../../src/usecases/create-webhook-endpoint.ts';
import { keepCanaryMessage } from '../../src/usecases/keep-canary-message.ts';
import { daysAfter, destroyOldEpochKeys } from '../../src/usecases/keep-epoch-keys.ts';
import { processCallbacks } from '../../src/usecases/process-callbacks.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { reportSealed } from '../../src/usecases/report-sealed.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import {
  keyOfLink,
  type Loot,
  openEverything,
  openPasskeys,
  type StolenValue,
  stealDatabase,
  stealFiles,
} from '../support/thief.ts';

/** Whose reminder goes out and is settled, and whose is still to go out. */
const settled = {
  phone: '+33639987741',
  practitioner: 'Dr Quillfeather Settled',
  pin: '84071962',
  subject: 'canary-subject-settled',
};
const owed = {
  phone: '+33639987752',
  practitioner: 'Dr Quillfeather Pending',
  pin: '73916284',
  subject: 'canary-subject-owed',
};
const formsOf = (person: typeof settled) => canaryForms({ ...person });
/** Of a person, not of an appointment: it stays when that is settled. */
const passkeyOf = (person: typeof settled) => `passkey of ${person.subject}`;
/** Of no patient, sealed to keys of the scheduler. */
const ofScheduler = [
  'canary_messages.sealed',
  'send_check_secrets.sealed',
  'webhook_secrets.sealed',
];
const code = '648205';
const address = '198.51.100.77';
const nowhere = { append: async () => {} };
const reply = 'Canary says: I have moved to Perchoir 12';

let database: TestDatabase;
let queue: TestedQueue;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let made: Awaited<ReturnType<typeof createTestKeys>>;
let keys: KeyStore;
const journal = mkdtempSync(join(tmpdir(), 'sotto-sealed-'));

/** What the report said when each was carried off. */
const told: Record<string, Record<string, string>> = {};

async function report(moment: string, laterDays = 0): Promise<void> {
  const begun = Temporal.Now.instant();
  const now = begun.add({ hours: laterDays * 24 });
  const { appointments = [] } =
    (await reportSealed(
      { administer: (work) => administer(database.adminUrl, work), keys, now: () => now },
      { from: begun.subtract({ hours: 1 }), until: now.add({ hours: 1 }) },
    )) ?? {};
  told[moment] = Object.fromEntries(
    appointments.map(({ reference, verdict, why }) => [reference, why ?? verdict]),
  );
}

/** What was carried off at four moments; at the last nothing is owed to anybody. */
const loot: Record<'before' | 'sent' | 'after' | 'last', Loot> = {
  before: { values: [], keys: [] },
  sent: { values: [], keys: [] },
  after: { values: [], keys: [] },
  last: { values: [], keys: [] },
};

async function steal(): Promise<Loot> {
  const lying: StolenValue[] = [...(await stealDatabase(database.admin)), ...stealFiles(journal)];
  for (const { id, data } of await queue.jobs()) {
    lying.push({ where: 'queue', bytes: Buffer.from(JSON.stringify({ id, data })) });
  }
  return { values: lying, keys: stealFiles(made.directory).filter(isPrivate) };
}
const isPrivate = ({ where }: StolenValue) => where.endsWith('.key');
const keysOf = ({ keys: all }: Loot, role: string) =>
  all.filter(({ where }) => where.startsWith(`${role}/`));

/** All that a process of this role holds, at once. */
const heldBy = ({ keys: all }: Loot, role: KeyRole) =>
  all.filter(({ where }) => privateFolders[role].some((folder) => where.startsWith(`${folder}/`)));

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  const organisationId = await database.createOrganisation();
  made = await createTestKeys([organisationId]);
  keys = made.keys;
  for (const name of ['pepper', 'code', 'opt-out', 'callback', 'source'] as const) {
    await keys.symmetricKeys(name);
  }
  await keys.ensureCookieKey();
  const accept = await createTestAccept({
    database: database.open('api'),
    keys,
    directory: journal,
  });
  await putOne(accept, organisationId, 'settled', settled, 72);
  await putOne(accept, organisationId, 'owed', owed, 20 * 24);
  for (const person of [settled, owed]) await putPasskey(organisationId, person);
  await putForScheduler(organisationId);
  await putCodeAndStop(organisationId);
  const request = new Secret({
    url: '/',
    signature: '',
    params: { Body: reply, From: owed.phone },
  });
  await acceptInboundMessage(
    { database: database.open('api'), keys, now: () => Temporal.Now.instant() },
    { request },
  );
  loot.before = await steal();
  await report('before');

  // The day of sending comes for one of the two.
  await database.admin.query(
    `update reminders set send_at = now(), due_at = now() from appointments a
     where a.id = appointment_id and a.reference = 'settled'`,
  );
  const bells = createBells({ url: queue.urlFor('scheduler'), log: silentLog });
  const batches = await bench.feed();
  for (const batch of batches) bells.ring(batch);
  await bells.close();
  for (const batch of batches) {
    await bench.dispatch(batch, { epochPrivateKey: keys.epochPrivateKey });
  }
  loot.sent = await steal();
  await report('sent');

  await settleAll();
  loot.after = await steal();
  await report('after', 6);

  await database.admin.query(`update reminders set state = 'cancelled' where state = 'scheduled'`);
  await clearBegun('(select id from reminders)');
  for (const day of await keys.listEpochDays()) await keys.destroyEpochKey(day);
  loot.last = await steal();
});
afterAll(async () => {
  await peer?.close();
  await queue?.stop();
  await database?.drop();
  await made?.remove();
  rmSync(journal, { recursive: true, force: true });
});

async function putOne(
  accept: Awaited<ReturnType<typeof createTestAccept>>,
  organisationId: string,
  reference: string,
  person: typeof settled,
  hours: number,
): Promise<void> {
  const request = appointmentRequest(
    {
      details: { practitioner: person.practitioner },
      recipient: { phone: person.phone, pin: person.pin, subject: person.subject, language: 'fr' },
    },
    hours,
  );
  await accept.put({ organisationId, mode: 'test', reference, body: request });
}

async function putPasskey(organisationId: string, person: typeof settled): Promise<void> {
  const [key] = await keys.symmetricKeys('passkey');
  if (!key) throw new Error('no key of passkeys');
  const owner = { organisationId, mode: 'test', issuer: '' } as const;
  const box = passkeyBox(key, { ...owner, subject: new Secret(person.subject) });
  const id = randomUUID();
  const sealed = box.seal(id, {
    ...{ credentialId: passkeyOf(person), publicKey: randomBytes(77) },
    ...{ userHandle: 'x', tag: 'ABCD' },
  });
  await database.admin.query(
    `insert into passkeys (id, organisation_id, mode, subject_index, sealed, sign_count)
     values ($1, $2, 'test', $3, $4, 0)`,
    [id, organisationId, box.index, sealed],
  );
}

/** Secrets of the booking system’s addresses, and what the canary was sent. */
async function putForScheduler(organisationId: string): Promise<void> {
  await keys.ensureWebhookKey();
  await keys.ensureCanaryKey();
  const api = database.open('api');
  const url = 'https://hook.example/';
  await createWebhookEndpoint(
    { database: api, keys, isSandbox: true },
    { organisationId, mode: 'test', credentialId: randomUUID(), url },
  );
  // Of the other mode: nobody is asked before these reminders go out.
  await putSendCheck(
    {
      ...{ keys, isSandbox: true, journal: nowhere },
      transaction: (id, work) => api.transaction([id], work),
    },
    { organisationId, mode: 'live', actor: `credential ${randomUUID()}`, url },
  );
  await keepCanaryMessage(
    { database: bench.worker, keys },
    {
      ...{ channel: 'sms', attemptToken: '', validitySeconds: 60 },
      ...{ to: new Secret('+33700000001'), text: new Secret('for the canary') },
    },
  );
}

async function putCodeAndStop(organisationId: string): Promise<void> {
  const phone = new Secret(owed.phone);
  await recordOptOut(
    { database: bench.worker, keys, journal: nowhere },
    { channel: 'sms', contact: phone, source: 'patient_page' },
  );
  const [{ id: linkId } = {}] = await bench.rows('select id::text from links limit 1');
  const visitId = new Secret(randomBytes(16).toString('base64url'));
  const hash = codeHash(await keys.symmetricKey('code'), {
    ...{ linkId: String(linkId), visitId, phone, code: new Secret(code) },
  });
  await database.admin.query(
    `insert into codes (id, organisation_id, link_id, session_hash, code_hash, expires_at)
     values ($1, $2, $3, $4, $5, now())`,
    [randomUUID(), organisationId, linkId, sessionHash(visitId), hash],
  );
  const source = sourceHash(await keys.symmetricKey('source'), address);
  await database.admin.query(
    'insert into source_failures (organisation_id, link_id, source, failed_count) values ($1, $2, $3, 1)',
    [organisationId, linkId, sourceOfLink(new Secret(randomBytes(18)), source)],
  );
}

/** An hour and three days later, by the clocks of the worker and of the database. */
async function settleAll(): Promise<void> {
  await database.admin.query(
    `update reminders set sent_at = sent_at - interval '2 hours' where state = 'sent'`,
  );
  await clearBegun("(select id from reminders where state = 'sent')");
  const opened = await openJournal(`file:${journal}`, 'worker');
  await processCallbacks({
    ...{ database: bench.worker, journal: opened, keys, log: silentLog },
    authToken: new Secret('token'),
    callbackUrl: 'https://callback.example',
  });
  await opened.close();
  const day = daysAfter(Temporal.Now.plainDateISO('UTC').toString(), 6);
  await destroyOldEpochKeys({
    keys,
    now: () => Temporal.Instant.from(`${day}T00:30:00Z`),
    database: {
      query: async (text, values, name) =>
        text.includes('clock_timestamp()')
          ? ([{ day }] as never)
          : bench.worker.query(text, values, name),
    },
    log: silentLog,
  });
}

/** Empties what is settled, of days that have begun: these have. */
async function clearBegun(reminders: string): Promise<void> {
  await database.admin.query(
    `update links set parcel_day = current_date
     where parcel is not null and reminder_id in ${reminders}`,
  );
  await clearSettledParcels({ database: bench.worker });
}

describe('whoever carries off database, queue, journals and every key', () => {
  it('before the send opens what is still to be sent, which shows that this thief can open', () => {
    const { places, plaintext } = openEverything(loot.before);
    const ofPatients = [
      'links.note',
      'links.parcel',
      'sealed_callbacks.sealed',
      'versions.content',
    ];
    expect(places).toEqual(['content_keys.sealed_key', ...ofPatients, ...ofScheduler].sort());
    for (const person of [settled, owed]) {
      expect(findCanaries(formsOf(person), plaintext).sort()).toEqual(Object.keys(person).sort());
    }
    expect(findCanaries(canaryForms({ reply }), plaintext)).toEqual(['reply']);
  });

  it('after settlement opens what is still to be sent, and nothing of what was', () => {
    expect(peer.accepted.map(({ to }) => to)).toEqual([settled.phone]);
    const { plaintext } = openEverything(loot.after);
    expect(findCanaries(formsOf(settled), plaintext)).toEqual([]);
    expect(findCanaries(formsOf(owed), plaintext)).toHaveLength(4);
    expect(findCanaries(canaryForms({ reply }), plaintext)).toEqual([]);
  });

  it('opens nothing of it either with a copy of the database from before the send, or from just after', () => {
    for (const earlier of [loot.before, loot.sent]) {
      const { plaintext } = openEverything({ values: earlier.values, keys: loot.after.keys });
      expect(findCanaries(formsOf(settled), plaintext)).toEqual([]);
      expect(findCanaries(formsOf(owed), plaintext)).toHaveLength(4);
      expect(findCanaries(canaryForms({ reply }), plaintext)).toEqual([]);
    }
  });

  it('opens nothing at all once the last one is settled, whichever copy they have', () => {
    const { keys: left } = loot.last;
    for (const { values } of Object.values(loot)) {
      const { places, plaintext } = openEverything({ values, keys: left });
      // The outer of two envelopes, which holds one that only a link opens.
      expect(places).toEqual(['content_keys.sealed_key', ...ofScheduler].sort());
      for (const person of [settled, owed]) {
        expect(findCanaries(formsOf(person), plaintext)).toEqual([]);
      }
    }
    expect(left.length).toBeGreaterThan(10);
  });

  it('learns whose a passkey is while a reminder of that person is owed, and not after', () => {
    const passkeys = (of: Loot) => openPasskeys(of, openEverything(of).plaintext);
    expect(passkeys(loot.before)).toEqual([owed, settled].map(passkeyOf));
    for (const { values } of [loot.before, loot.sent, loot.after]) {
      expect(passkeys({ values, keys: loot.after.keys })).toEqual([passkeyOf(owed)]);
      expect(passkeys({ values, keys: loot.last.keys })).toEqual([]);
    }
    expect(passkeys(loot.last)).toEqual([]);
    // The subject alone is wanting: whoever guesses it has the rest.
    const guess = Buffer.from(JSON.stringify(settled));
    expect(openPasskeys(loot.last, guess)).toEqual([passkeyOf(settled)]);
  });

  it('opens just what the report said they would', () => {
    expect(told).toEqual({
      before: { settled: 'pending', owed: 'pending' },
      sent: { settled: 'pending', owed: 'pending' },
      after: { settled: 'day_key_gone', owed: 'pending' },
    });
  });

  it('finds nothing of a patient in the clear anywhere', () => {
    const forms = canaryForms({
      ...settled,
      ...{ owed: owed.phone, who: owed.practitioner, whose: owed.subject, reply, code },
    });
    for (const { values } of Object.values(loot)) {
      expect(findCanaries(forms, Buffer.concat(values.map(({ bytes }) => bytes)))).toEqual([]);
    }
  });
});

it('there was something in every column that may hold a seal or a hash, but these of no content', async () => {
  const columns = await bench.rows(
    `select table_name || '.' || column_name as name from information_schema.columns
     where data_type = 'bytea' and table_schema = 'public' order by 1`,
  );
  const filled = new Set([...loot.before.values, ...loot.sent.values].map(({ where }) => where));
  const empty = columns.map(({ name }) => String(name)).filter((name) => !filled.has(name));
  expect(empty).toEqual([
    'appointments.erasure_receipt',
    'credential_tokens.token_hash',
    'credentials.key_hash',
    'ops_sessions.token_hash',
    'passkeys.used_challenge',
    'phone_day_counts.phone_index',
    'sealed_callbacks.attempt_token',
  ]);
});

it('who guesses the right number, code and address cannot tell from what is stored, with every key', () => {
  const { values, keys: stolen } = loot.before;
  const held = new Set(values.map(({ bytes }) => bytes.toString('hex')));
  const linkId = values.find(({ where }) => where === 'codes.link_id')?.bytes.toString();
  const sessions = values
    .filter(({ where }) => where.startsWith('codes.') || where.startsWith('source_failures.'))
    .flatMap(({ bytes }) => [bytes.toString(), bytes.toString('hex'), bytes.toString('base64url')]);
  expect(linkId).toBeDefined();
  for (const { bytes: key } of stolen) {
    const made = (text: string) => createHmac('sha256', key).update(text).digest('hex');
    const guesses = sessions.flatMap((session) =>
      [1, 2].map((form) => `sotto/code/${form}\n${linkId}\n${session}\n${owed.phone}\n${code}`),
    );
    for (const guess of [address, ...guesses]) expect(held.has(made(guess))).toBe(false);
  }
});

describe('one role’s keys beside the database', () => {
  it('open contacts with the worker’s, and no details', () => {
    const { plaintext } = openEverything({
      values: loot.before.values,
      keys: heldBy(loot.before, 'worker'),
    });
    expect(findCanaries(formsOf(owed), plaintext)).toEqual(['phone']);
  });

  it('open nothing with those of patient, api or scheduler', () => {
    for (const role of ['patient', 'api', 'scheduler'] as const) {
      const stolen = { values: loot.before.values, keys: heldBy(loot.before, role) };
      expect(stolen.keys).not.toEqual([]);
      const { plaintext } = openEverything(stolen);
      for (const person of [settled, owed]) {
        expect(findCanaries(formsOf(person), plaintext)).toEqual([]);
      }
    }
  });

  it('open the secrets of webhooks and what the canary was sent with the scheduler’s, and no other’s', () => {
    const { values, keys: all } = loot.before;
    const roles = Array.from(new Set(all.map(({ where }) => where.slice(0, where.indexOf('/')))));
    const opened = roles.map((role) => {
      const { places } = openEverything({ values, keys: keysOf(loot.before, role) });
      return [role, places.filter((place) => ofScheduler.includes(place))] as const;
    });
    expect(opened.filter(([, places]) => places.length > 0)).toEqual([['scheduler', ofScheduler]]);
    expect(roles).toEqual(expect.arrayContaining(['worker', 'patient', 'api', 'link', 'callback']));
  });

  it('open the details of a link that somebody has, until its view key is gone', async () => {
    const [text = ''] = peer.accepted.map((message) => message.text);
    const token = /\/([A-Za-z0-9_-]{68})/.exec(text)?.[1] ?? '';
    const link = keyOfLink(new Secret(Buffer.from(token.slice(1, 25), 'base64url')));
    const withLink = (keysHeld: readonly StolenValue[]) =>
      openEverything({
        values: loot.after.values,
        keys: [...keysHeld, { where: 'the link', bytes: link }],
      }).plaintext;
    const views = keysOf(loot.after, 'patient');
    expect(findCanaries(formsOf(settled), withLink(views))).toHaveLength(4);
    const withoutViews = views.filter(({ where }) => !where.startsWith('patient/view/'));
    expect(findCanaries(formsOf(settled), withLink(withoutViews))).toEqual(['phone']);
  });
});
