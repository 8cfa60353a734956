import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { clearSettledParcels } from '../../src/usecases/clear-parcels.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

const seed = Number(process.env.SOTTO_TEST_SEED ?? 20_261_121);
const count = 40;
const lastsMs = Number(process.env.SOTTO_TEST_STORM_MS ?? 5_000);

let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
const journal = { append: async () => {} };

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  peer = await startMessagesPeer();
  bench = createDispatchBench(db, peer);
});
afterAll(async () => {
  await peer.close();
  await db.drop();
  await testKeys.remove();
});
beforeEach(async () => {
  peer.forget();
  await db.admin.query('truncate appointments, batches, events cascade');
});

const keyOf = (index: number) =>
  ({ organisationId, mode: 'test', reference: `ref-${index}` }) as const;

async function sendingWith(database = bench.worker) {
  const keys = await testKeys.keys.linkKeys();
  return bench.deps({
    database,
    epochPrivateKey: testKeys.keys.epochPrivateKey,
    linkTokens: createLinkTokens({ keys, audience: 'localhost' }),
  });
}

function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function unlessBusy(work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!(error instanceof AppError && ['busy', 'overloaded', 'not_found'].includes(error.code)))
      throw error;
  });
}

async function deadlocks(): Promise<number> {
  await db.admin.query('select pg_stat_force_next_flush()');
  const [row] = await bench.rows(
    'select deadlocks::int from pg_stat_database where datname = current_database()',
  );
  return Number(row?.deadlocks);
}

describe('one connection', () => {
  it('is enough for all that one process does: nothing waits for a second while it holds one', async () => {
    const accept = await createTestAccept({
      database: db.open('api', 1),
      ...testKeys,
      change: { journal },
    });
    const put = (index: number) => accept.put({ ...keyOf(index), body: appointmentRequest() });
    const indexes = Array.from({ length: count }, (_, index) => index);
    await Promise.all(indexes.map(put));
    await Promise.all([
      ...indexes.slice(0, 10).map((index) => accept.remove({ ...keyOf(index), erase: index < 5 })),
      ...indexes.slice(10).map(put),
    ]);
    await db.admin.query(`update reminders set due_at = clock_timestamp()`);
    const deps = await sendingWith(db.open('worker', 1));
    const batches = [...(await bench.feed(15)), ...(await bench.feed(15))];
    await Promise.all(batches.map((batchId) => bench.dispatchWith(deps, batchId)));
    expect(peer.accepted).toHaveLength(count - 10);
  });
});

describe('everything at once, on the same few rows', () => {
  it('never locks each other out, and every change of a state has its event', async () => {
    const random = randomFrom(seed);
    const accepts = await Promise.all(
      [0, 1].map(() =>
        createTestAccept({ database: db.open('api'), ...testKeys, change: { journal } }),
      ),
    );
    peer.answer = async () => {
      await wait(random() * 10);
      return random() < 0.3 ? 'rate_limit' : random() < 0.1 ? 'error_500' : 'accept';
    };
    const before = await deadlocks();
    const until = performance.now() + lastsMs;
    const repeat = async (work: () => Promise<unknown>) => {
      while (performance.now() < until) {
        await work();
        await wait(random() * 10);
      }
    };
    const clients = accepts.flatMap(({ put, remove }) =>
      Array.from({ length: 6 }, () =>
        repeat(() => {
          const where = keyOf(Math.floor(random() * count));
          const hours = 48 + Math.floor(random() * 4) * 24;
          const notice = (['if_told', 'now', 'none'] as const)[Math.floor(random() * 3)] ?? 'none';
          const chance = random();
          return unlessBusy(() =>
            chance < 0.15
              ? remove({ ...where, erase: chance < 0.05 })
              : put({ ...where, body: appointmentRequest({ notice }, hours) }),
          );
        }),
      ),
    );
    const deps = [await sendingWith(), await sendingWith()];
    const { database: worker } = deps[0] ?? (await sendingWith());
    await Promise.all([
      ...clients,
      repeat(() =>
        db.admin.query(
          `update reminders set due_at = clock_timestamp() where id = any(array(
             select id from reminders where state = 'scheduled' order by id for update skip locked))`,
        ),
      ),
      // Two workers hear every bell.
      repeat(async () => {
        const batches = await bench.feed();
        await Promise.all(
          batches.flatMap((batchId) => deps.map((one) => bench.dispatchWith(one, batchId))),
        );
      }),
      repeat(async () => {
        await db.admin.query(
          `update reminders set lease_until = clock_timestamp() where id = any(array(
             select id from reminders where state in ('queued', 'sending') and random() < 0.1
             for update skip locked))`,
        );
        await bench.sweep();
      }),
      repeat(async () => {
        const { rows } = await db.admin.query(
          'select token, channel from attempts order by random() limit 20',
        );
        const receipts = rows.map(({ token, channel }, place) => ({
          token,
          channel,
          providerId: `SM${token.toString('hex')}`,
          status: (['sent', 'delivered', 'undelivered', 'other'] as const)[place % 4] ?? 'other',
        }));
        await recordDeliveryReceipts({ database: worker }, receipts);
      }),
      repeat(() => clearSettledParcels({ database: worker })),
      repeat(() => bench.expire()),
      repeat(() => retireExpired({ database: bench.scheduler, log: silentLog })),
    ]);
    expect(await deadlocks()).toBe(before);

    const rows = await bench.rows(
      `select r.id, r.state,
         (select array_agg(coalesce(e.from_state, '') || ' ' || e.to_state order by e.id)
          from events e where e.reminder_id = r.id and e.to_state is not null) as steps
       from reminders r`,
    );
    expect(rows.length).toBeGreaterThan(count);
    for (const { id, state, steps } of rows) {
      let at = '';
      for (const step of steps as string[]) {
        const [from, to = ''] = step.split(' ');
        expect(from, `seed ${seed}, reminder ${id}: ${steps}`).toBe(at);
        at = to;
      }
      expect(at, `seed ${seed}, reminder ${id}: ${steps}`).toBe(state);
    }
    const stuck = await bench.rows(
      `select r.id from reminders r join appointments a on a.id = r.appointment_id
       where r.state in ('scheduled', 'queued', 'sending', 'uncertain') and a.state = 'booked'
         and a.deleted_at is null and not exists (select from links l where l.reminder_id = r.id
           and l.channel = r.channel and l.current and l.parcel is not null)`,
    );
    expect(stuck, 'owed, and nothing to send it with').toEqual([]);
  });
});
