import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import {
  appointmentRequest,
  createTestAccept,
  createTestKeys,
  silentLog,
} from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

// What a foreign key would do: what is deleted takes with it what hangs on it, whoever deletes it.

const canary = '00000000-0000-4000-8000-000000ca9a41';
const journal = { append: async () => {} };
let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let scheduler: Database;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  const change = { journal };
  accept = await createTestAccept({ database: db.open('api'), ...testKeys, change });
  scheduler = db.open('scheduler');
});
afterEach(() => db.admin.query('truncate appointments cascade'));
afterAll(async () => {
  await db.drop();
  await testKeys.remove();
});

const key = (reference: string) => ({ organisationId, mode: 'test', reference }) as const;
const sql = (text: string) => async () => void (await db.admin.query(text));
const ofA = `select id from appointments where reference = 'a'`;
const ofOne = (column = 'appointment_id') => `${column} = (${ofA})`;

/** Rows left of versions, links, reminders and content keys, and how many of them hang on nothing. */
async function left() {
  const of = (table: string, isHeld: string) =>
    `select count(*)::int as rows, count(*) filter (where not (${isHeld}))::int as orphans from ${table} t`;
  const byItsAppointment = 'exists (select from appointments a where a.id = t.appointment_id)';
  const byItsLinkAndVersion = `exists (select from links l where l.id = t.link_id) and exists (
    select from versions v where (v.appointment_id, v.version) = (t.appointment_id, t.version))`;
  const { rows } = await db.admin.query<{ rows: number; orphans: number }>(
    [
      ...['versions', 'links', 'reminders'].map((table) => of(table, byItsAppointment)),
      of('content_keys', byItsLinkAndVersion),
    ].join(' union all '),
  );
  return { rows: rows.map((row) => row.rows), orphans: rows.map((row) => row.orphans) };
}

/** Of two appointments with a reminder each, one in its second version, whose first link was seen. */
const ways: readonly [string, number[], () => Promise<unknown>][] = [
  [
    'an administrator, of an appointment',
    [1, 1, 1, 1],
    sql(`delete from appointments where ${ofOne('id')}`),
  ],
  ['an administrator, of all', [0, 0, 0, 0], sql('truncate appointments cascade')],
  ['an administrator, of links', [3, 1, 4, 1], sql(`delete from links where ${ofOne()}`)],
  ['an administrator, of all links', [3, 0, 4, 0], sql('truncate links cascade')],
  ['an administrator, of all versions', [0, 4, 4, 0], sql('truncate versions cascade')],
  ['one version', [2, 4, 4, 4], sql(`delete from versions where ${ofOne()} and version = 1`)],
  [
    'links that expired, and versions that none leads to',
    [1, 1, 4, 1],
    async () => {
      await db.admin.query(`update links set expires_at = now() where ${ofOne()}`);
      await retireExpired({ database: scheduler, log: silentLog });
    },
  ],
  [
    'an appointment whose time is over',
    [1, 1, 1, 1],
    async () => {
      await db.admin.query(`update appointments set erase_at = now() where ${ofOne('id')}`);
      await retireExpired({ database: scheduler, log: silentLog });
    },
  ],
  [
    'the end of the canary’s day',
    [1, 1, 1, 1],
    async () => {
      await db.admin.query(`
        begin; set local session_replication_role = replica;
        update appointments set organisation_id = '${canary}', created_at = now() - interval '2 days'
          where ${ofOne('id')};
        commit`);
      await scheduler.query('select retire_canary()');
    },
  ],
  ['a booking system’s erasure', [1, 1, 4, 1], () => accept.remove({ ...key('a'), erase: true })],
  [
    'a patient’s erasure',
    [1, 1, 4, 1],
    async () => {
      const { rows } = await db.admin.query(
        `select lookup from links where ${ofOne()} and revoked_at is null`,
      );
      await db.open('patient').query('select erase_for_recipient($1)', [rows[0]?.lookup]);
    },
  ],
];

it.each(ways)('%s: nothing is left that hangs on nothing', async (_way, rows, remove) => {
  await accept.put({ ...key('b'), body: appointmentRequest() });
  await accept.put({ ...key('a'), body: appointmentRequest() });
  await see();
  await accept.put({ ...key('a'), body: appointmentRequest({}, 96) });
  expect(await left()).toEqual({ rows: [3, 4, 4, 5], orphans: [0, 0, 0, 0] });
  await remove();
  expect(await left()).toEqual({ rows, orphans: [0, 0, 0, 0] });
});

it('a link that goes while a version is sealed to it refuses that version, and the next is accepted', async () => {
  await accept.put({ ...key('a'), body: appointmentRequest() });
  await see();
  const viewPublicKey: typeof testKeys.keys.viewPublicKey = async (...which) => {
    await db.admin.query(`delete from links where ${ofOne()}`);
    return testKeys.keys.viewPublicKey(...which);
  };
  const slow = await createTestAccept({
    ...{ database: db.open('api'), directory: testKeys.directory, change: { journal } },
    keys: { ...testKeys.keys, viewPublicKey },
  });
  const again = () => slow.put({ ...key('a'), body: appointmentRequest({}, 96) });
  await expect(again()).rejects.toMatchObject({ code: 'busy' });
  expect((await left()).orphans).toEqual([0, 0, 0, 0]);
  expect(await again()).toMatchObject({ version: 2 });
});

/** As after an attempt that reached its patient. */
async function see(): Promise<void> {
  await db.admin.query(`update links set attempted_at = now() where ${ofOne()};
    update reminders set state = 'sent', sent_at = now() where ${ofOne()}`);
}
