import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { clearSettledParcels } from '../../src/usecases/clear-parcels.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

const seed = Number(process.env.SOTTO_TEST_SEED ?? 20_261_123);
const count = 30;
const lastsMs = Number(process.env.SOTTO_TEST_STORM_MS ?? 5_000);

let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

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

const email = 'someone@example.org';
const phone = '+33639980001';
/** The same reminder with and without the other contact point, so that rows lose it and get it back. */
const wishes = [
  { channel: 'email', recipient: { phone, email } },
  { channel: 'email', recipient: { phone, email } },
  { channel: 'email', recipient: { email } },
  { channel: 'sms', recipient: { phone, email } },
  { channel: 'sms', recipient: { phone } },
  { channel: 'auto', recipient: { phone, email } },
] as const;

let state = seed;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}
const anyOf = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;

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

/** What must have happened for the storm to prove something. */
const enough = 20;
async function countSeen(): Promise<{ moved: number; flagged: number }> {
  const moved = await bench.rows(
    `select from attempts group by reminder_id having count(distinct channel) = 2`,
  );
  const flagged = await bench.rows('select from attempts where possible_duplicate');
  return { moved: moved.length, flagged: flagged.length };
}

it('channels change hands under bookings, bounces and deaths, and no second copy goes unflagged', async () => {
  console.info(`seed ${seed}`);
  const { put, remove } = await createTestAccept({
    database: db.open('api'),
    ...testKeys,
    change: { journal: { append: async () => {} } },
  });
  peer.answer = async () => {
    await wait(random() * 10);
    return anyOf(['accept', 'accept', 'accept', 'bad_number', 'rate_limit', 'error_500']);
  };
  const transport = fakeTransport(async () => {
    await wait(random() * 10);
    return anyOf([
      acceptedOutcome,
      acceptedOutcome,
      () => ({ kind: 'refused', permanent: true, reason: 'invalid_recipient' }) as const,
      () => ({ kind: 'uncertain', reason: 'timeout' }) as const,
    ])();
  });
  const linkTokens = createLinkTokens({
    keys: await testKeys.keys.linkKeys(),
    audience: 'localhost',
  });
  const { epochPrivateKey } = testKeys.keys;
  const process = () => bench.deps({ epochPrivateKey, linkTokens, email: { transport } });
  const [one, other] = [process(), process()];
  const before = await deadlocks();
  let isOver = false;
  const repeat = async (work: () => Promise<unknown>) => {
    while (!isOver) {
      await work();
      await wait(random() * 10);
    }
  };
  const book = () => {
    const reference = `ref-${Math.floor(random() * count)}`;
    const where = { organisationId, mode: 'test', reference } as const;
    if (random() < 0.08) return unlessBusy(() => remove({ ...where, erase: random() < 0.3 }));
    const { channel, recipient } = anyOf(wishes);
    const change = {
      notice: anyOf(['if_told', 'none', 'now'] as const),
      recipient: { language: 'fr', pin: '482913', ...recipient },
      reminders: [{ before: 'PT24H', channel }],
    };
    const body = appointmentRequest(change, 48 + Math.floor(random() * 3) * 24);
    return unlessBusy(() => put({ ...where, body }));
  };
  const hear = async () => {
    const { rows } = await db.admin.query(
      `select token, channel from attempts where outcome = 'accepted' order by random() limit 10`,
    );
    const receipts = rows.map(({ token, channel }) => ({
      token,
      channel,
      providerId: `id-${token.toString('hex')}`,
      status: anyOf(['sent', 'undelivered', 'undelivered', 'other'] as const),
    }));
    await recordDeliveryReceipts({ database: bench.worker }, receipts);
  };
  /** On a busy machine it takes longer until enough has happened. */
  const watch = async () => {
    const begunAtMs = performance.now();
    await wait(lastsMs);
    const isLate = () => performance.now() - begunAtMs > 4 * lastsMs;
    while (!isLate() && Math.min(...Object.values(await countSeen())) <= enough) await wait(250);
    isOver = true;
  };
  await Promise.all([
    watch(),
    ...Array.from({ length: 6 }, () => repeat(book)),
    repeat(() =>
      db.admin.query(
        `update reminders set due_at = clock_timestamp() where id = any(array(
           select id from reminders where state = 'scheduled' order by id for update skip locked))`,
      ),
    ),
    // Two workers hear every bell.
    repeat(async () => {
      const batches = await bench.feed();
      const both = batches.flatMap((batchId) => [one, other].map((deps) => ({ deps, batchId })));
      await Promise.all(both.map(({ deps, batchId }) => bench.dispatchWith(deps, batchId)));
    }),
    repeat(async () => {
      await db.admin.query(
        `update reminders set lease_until = clock_timestamp() where id = any(array(
           select id from reminders where state in ('queued', 'sending') and random() < 0.1
           for update skip locked))`,
      );
      await bench.sweep();
    }),
    repeat(hear),
    repeat(() => clearSettledParcels({ database: bench.worker })),
  ]);
  await Promise.all([one.recorder.idle(), other.recorder.idle()]);
  expect(await deadlocks()).toBe(before);

  const chains = await bench.rows(
    `select r.id, r.state, (select array_agg(coalesce(e.from_state, '') || ' ' || e.to_state
         order by e.id) from events e where e.reminder_id = r.id and e.to_state is not null) as steps
     from reminders r`,
  );
  for (const { id, state: stands, steps } of chains) {
    let at = '';
    for (const step of steps as string[]) {
      const [from, to = ''] = step.split(' ');
      expect(from, `reminder ${id}: ${steps}`).toBe(at);
      at = to;
    }
    expect(at, `reminder ${id}: ${steps}`).toBe(stands);
  }

  const unflagged = await bench.rows(
    `select later.reminder_id from attempts later join attempts earlier
       on earlier.reminder_id = later.reminder_id and earlier.number < later.number
     where earlier.outcome in ('accepted', 'uncertain') and not later.possible_duplicate
       and later.reason_code is distinct from 'not_started'`,
  );
  expect(unflagged, 'a copy that nobody is told of').toEqual([]);

  const twice = await bench.rows(
    `select link_id from attempts where link_id is not null and outcome = 'accepted'
     group by link_id having count(*) > 1`,
  );
  expect(twice, 'one link, sent twice').toEqual([]);

  const stuck = await bench.rows(
    `select r.id, r.state, r.channel from reminders r join appointments a on a.id = r.appointment_id
     where r.state in ('scheduled', 'queued') and a.state = 'booked' and a.deleted_at is null
       and not exists (select from links l where l.reminder_id = r.id and l.current
         and l.parcel is not null and (l.channel = r.channel or l.attempted_at is null))`,
  );
  expect(stuck, 'owed, and nothing to send it with').toEqual([]);

  const { moved, flagged } = await countSeen();
  // Fewer where the machine was so busy that the time was over first.
  expect(moved, 'reminders that used both channels').toBeGreaterThan(enough / 4);
  expect(flagged, 'second copies, told of').toBeGreaterThan(0);
}, 60_000);
