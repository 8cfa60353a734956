import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changeOwnOrganisation } from '../../src/usecases/change-organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import {
  type OpsClient,
  type OpsSite,
  opsPassword,
  postForm,
  startOpsSite,
} from '../support/ops-site.ts';
import { runCommand } from '../support/run-command.ts';

const why = { reason: 'to be looked at' };
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: OpsSite;
let operator: OpsClient;
let organisationId: string;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = await startOpsSite(database);
  operator = await ops.visit('admin');
  folder = await mkdtemp(join(tmpdir(), 'sotto-closed-'));
});
afterAll(async () => {
  await ops.close();
  await peer.close();
  await database.drop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  organisationId = await database.createOrganisation();
  await sql(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no space' using errcode = '53100'; end $$;
    create trigger refuse before insert on audit for each row execute function refuse()`);
});
afterEach(() =>
  sql(`drop function refuse() cascade;
    truncate organisations, batches, events, incidents, pauses cascade`),
);

const sql = (text: string) => database.admin.query(text);

/** Everything that a person can change, as it stands. */
async function standing(): Promise<unknown> {
  const tables = [
    'organisations',
    'credentials',
    'credential_organisations',
    'ops_users',
    'pauses',
  ];
  const all = [...tables, 'incident_entries', 'suppressions', 'send_checks', 'webhook_endpoints'];
  const one = (table: string) => `(select jsonb_agg(t order by t::text) from ${table} t)`;
  const more = `(select count(*) from ops_sessions), (select jsonb_agg(state) from reminders)`;
  const { rows } = await sql(
    `select jsonb_build_array(${all.map(one).join(', ')}, ${more}) as all`,
  );
  return rows[0].all;
}

async function seedFailed() {
  const [seeded] = await bench.seed({ organisationId, count: 1, state: 'failed' });
  return seeded?.id ?? '';
}

async function seedAppointment() {
  const [one] = await bench.seed({ organisationId, count: 1 });
  const { rows } = await sql(`select appointment_id from reminders where id = '${one?.id}'`);
  return String(rows[0].appointment_id);
}

async function openOne() {
  const { rows } = await sql(`insert into incidents (id, code, number, since)
    values (gen_random_uuid(), 'key_missing', 1, now()) returning id`);
  return String(rows[0].id);
}

describe('while no line can be written to the audit', () => {
  it.each<[what: string, prepare: () => Promise<string>, act: (id: string) => Promise<Response>]>([
    [
      'a pause',
      async () => organisationId,
      (organisation) => operator.post('/controls/pause', { organisation, channel: '', ...why }),
    ],
    ['sending one again', seedFailed, (id) => operator.post(`/reminders/${id}/redrive`, why)],
    [
      'sending many again',
      seedFailed,
      () => operator.post('/redrive', { code: '', organisation: '', shown: '1', ...why }),
    ],
    ['closing an incident', openOne, (id) => operator.post(`/incidents/${id}/close`, why)],
    [
      'signing in',
      async () => (await ops.addUser('viewer')).name,
      (user) => postForm(`${ops.url}/login`, { user, password: opsPassword }),
    ],
    [
      'being refused',
      async () => (await ops.addUser('viewer')).name,
      (user) => postForm(`${ops.url}/login`, { user, password: 'a wrong password' }),
    ],
    ['a look at a timeline', seedAppointment, (id) => operator.get(`/appointments/${id}`)],
  ])('%s does not happen', async (what, prepare, act) => {
    const id = await prepare();
    const before = await standing();
    const answer = await act(id);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toMatch(/no space|reference-/);
    expect(await standing()).toEqual(before);
    await sql('drop trigger refuse on audit');
    expect((await act(id)).status).toBe(
      what === 'being refused' ? 401 : what.includes('look') ? 200 : 303,
    );
  });

  it.each([
    ['org', 'create', '--name', 'Another'],
    ['org', 'set', 'ORGANISATION', '--days-ahead', '30'],
    ['key', 'create', '--organisation', 'ORGANISATION', '--mode', 'test'],
    ['ops-user', 'create', '--name', 'zoe', '--role', 'admin'],
    ['pause', '--reason', 'x'],
  ])('sotto %s %s does nothing', async (...words) => {
    const before = await standing();
    const { code, out } = await runCommand(
      words.map((word) => (word === 'ORGANISATION' ? organisationId : word)),
      {
        env: {
          DATABASE_URL: database.adminUrl.reveal(),
          KEYSTORE: `file:${folder}/keys`,
          JOURNAL: `file:${folder}/journal`,
        },
      },
    );
    expect([code, out]).toEqual([1, '']);
    expect(await standing()).toEqual(before);
  });

  it('a credential changes no setting', async () => {
    const before = await standing();
    const changed = changeOwnOrganisation(
      {
        ...{ database: database.open('api'), channelsAvailable: ['sms'] },
        ...{ journal: { append: async () => {} }, log: silentLog },
        portals: { loopbackAllowed: true, isPortalForAll: false },
      },
      { organisationId, credentialId: 'x', wanted: { jitterMinutes: 9 } },
    );
    await expect(changed).rejects.toMatchObject({ code: 'unavailable' });
    expect(await standing()).toEqual(before);
  });

  it('sending goes on', async () => {
    await bench.seed({ organisationId, count: 3 });
    for (const batchId of await bench.feed()) await bench.dispatch(batchId);
    expect(peer.accepted.length).toBe(3);
  });
});
