import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const canary = '00000000-0000-4000-8000-000000ca9a41';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  await bench.seed({ organisationId: await database.createOrganisation(), count: 3 });
  await bench.drain();
});
afterEach(() => database.admin.query('truncate organisations, batches, events cascade'));

const attempts = async (condition = 'true') =>
  (await bench.rows(`select from attempts t where ${condition}`)).length;
const orphans = () => attempts('not exists (select from reminders r where r.id = t.reminder_id)');
const oneOf = (table: string) => `id = any(array(select id from ${table} order by id limit 1))`;
const sql = (text: string) => async () => void (await database.admin.query(text));

/** All that takes reminders away, and how many of three attempts are left. */
const ways: readonly [string, number, () => Promise<void>][] = [
  [
    'retention',
    2,
    async () => {
      const past = `update appointments set erase_at = now() - interval '1 day'`;
      await database.admin.query(`${past} where ${oneOf('appointments')}`);
      await retireExpired({ database: bench.scheduler, log: silentLog });
    },
  ],
  [
    'the end of the canary’s day',
    0,
    async () => {
      await database.admin.query(`
        begin; set local session_replication_role = replica;
        update organisations set id = '${canary}'; update reminders set organisation_id = '${canary}';
        update appointments set organisation_id = '${canary}', created_at = now() - interval '2 days';
        commit`);
      await bench.scheduler.query('select retire_canary()');
    },
  ],
  ['an administrator, of reminders', 2, sql(`delete from reminders where ${oneOf('reminders')}`)],
  [
    'an administrator, of appointments',
    2,
    sql(`delete from appointments where ${oneOf('appointments')}`),
  ],
  ['an administrator, of all', 0, sql('truncate appointments cascade')],
];

it.each(ways)('leave with their reminders: %s', async (_way, left, remove) => {
  expect(await attempts()).toBe(3);
  await remove();
  expect([await attempts(), await orphans()]).toEqual([left, 0]);
});

it('leave with a reminder that was waited for while its attempt was written', async () => {
  const intent = await database.admin.connect();
  try {
    await intent.query('begin');
    await intent.query(`with held as (
        update reminders set attempt_count = 2 where ${oneOf('reminders')} returning *)
      insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
        batch_id)
      select gen_random_uuid(), organisation_id, mode, id, 2, channel, 'x',
        decode(repeat('00', 16), 'hex'), gen_random_uuid() from held`);
    const deleted = bench.scheduler.query('delete from reminders');
    await waitFor(
      async () => (await bench.rows('select from pg_locks where not granted')).length > 0,
    );
    await intent.query('commit');
    await deleted;
  } finally {
    intent.release();
  }
  expect(await attempts()).toBe(0);
});
