import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { administer } from '../../src/store/administration.ts';
import type { Database } from '../../src/store/database.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { feedDueReminders, newFeedCursor } from '../../src/usecases/feed-due-reminders.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { createOutcomeRecorder } from '../../src/usecases/record-outcome.ts';
import { sweepLeases } from '../../src/usecases/sweep-leases.ts';
import { verifyLedger } from '../../src/usecases/verify-ledger.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { benchWindowMs, createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { createInterleaver } from '../support/interleaver.ts';
import { type MessagesPeer, type PeerAnswer, startMessagesPeer } from '../support/messages-peer.ts';

const seed = Number(process.env.SOTTO_TEST_SEED ?? 20_261_126);
const numRuns = Number(process.env.SOTTO_TEST_RUNS ?? 20);
const lane = { channel: 'sms', mode: 'test' } as const;

let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let asApi: Database;
let linkTokens: ReturnType<typeof createLinkTokens>;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  linkTokens = createLinkTokens({ keys: await testKeys.keys.linkKeys(), audience: 'localhost' });
  peer = await startMessagesPeer();
  bench = createDispatchBench(db, peer);
  asApi = db.open('api');
  await bench.feed();
});
afterAll(async () => {
  await peer.close();
  await db.drop();
  await testKeys.remove();
});
beforeEach(() => peer.forget());

const kinds = ['cancel', 'delete', 'move', 'again'] as const;
type Kind = (typeof kinds)[number];

/** What a booking system asked for, and what it was told. */
interface Told {
  readonly reference: string;
  readonly kind: Kind;
  readonly reminders: readonly { id: string; state: string; possiblySent?: boolean }[];
  /** Made when it was told. */
  readonly attempts: ReadonlyMap<string, number>;
}

const plan = fc.record({
  asks: fc.array(fc.record({ which: fc.nat(1), kind: fc.constantFrom(...kinds) }), {
    minLength: 1,
    maxLength: 4,
  }),
  answers: fc.array(
    fc.constantFrom<PeerAnswer>(
      ...([
        'accept',
        'accept',
        'accept_then_reset',
        'error_500',
        'rate_limit',
        'bad_number',
      ] as const),
    ),
    { minLength: 1, maxLength: 6 },
  ),
  receipt: fc.constantFrom('delivered', 'undelivered', 'sent'),
  sweeps: fc.boolean(),
  picks: fc.array(fc.nat(11), { minLength: 10, maxLength: 120 }),
});
type Plan = typeof plan extends fc.Arbitrary<infer Value> ? Value : never;

let runs = 0;
const met = new Map<string, number>();
const meet = (what: string) => met.set(what, (met.get(what) ?? 0) + 1);

const attemptsOf = async () => {
  const rows = await bench.rows('select reminder_id, count(*)::int as n from attempts group by 1');
  return new Map(rows.map(({ reminder_id, n }) => [String(reminder_id), Number(n)]));
};

/** A worker, a feeder, a sweeper, the provider's receipts and a booking system, step by step. */
async function play({ asks, answers, receipt, sweeps, picks }: Plan): Promise<Told[]> {
  const references = [`a-${runs}`, `b-${runs}`];
  const interleaver = createInterleaver();
  const accept = await createTestAccept({
    ...testKeys,
    database: interleaver.database(asApi),
    change: { journal: { append: async () => {} } },
  });
  const where = (reference: string) => ({ organisationId, mode: 'test', reference }) as const;
  for (const reference of references) {
    await accept.put({ ...where(reference), body: appointmentRequest() });
  }
  await db.admin.query(`update reminders set due_at = clock_timestamp() where state = 'scheduled'`);
  let sends = 0;
  peer.answer = () => answers[sends++ % answers.length] ?? 'accept';

  const worker = interleaver.database(bench.worker);
  const scheduler = interleaver.database(bench.scheduler);
  const base = bench.deps().transport;
  const aFewGates = async () => {
    for (let gates = 0; gates < 5; gates += 1) await interleaver.gate();
  };
  const transport: Transport = {
    ...base,
    async send(message) {
      // A provider takes long, so that much may happen meanwhile.
      await aFewGates();
      const outcome = await base.send(message);
      await aFewGates();
      return outcome;
    },
  };
  const sending = () =>
    bench.deps({
      ...{ database: worker, transport, linkTokens },
      recorder: createOutcomeRecorder({ database: worker, log: silentLog }),
      epochPrivateKey: testKeys.keys.epochPrivateKey,
    });
  for (const cursor of [newFeedCursor(), newFeedCursor()]) {
    interleaver.add(async () => {
      const rung: string[] = [];
      const ring = (batchId: string) => void rung.push(batchId);
      for (let round = 0; round < 2; round += 1) {
        const input = { lane, perSecond: 10_000, cursor, allowedMax: 1 };
        await feedDueReminders({ database: scheduler, ring }, input);
        for (const batchId of rung.splice(0)) await bench.dispatchWith(sending(), batchId);
      }
    });
  }
  if (sweeps) {
    interleaver.add(async () => {
      await interleaver.gate();
      await bench.passLeases();
      await sweepLeases({ database: scheduler, log: silentLog });
    });
  }
  interleaver.add(async () => {
    for (let look = 0; look < 3; look += 1) {
      await interleaver.gate();
      const tokens = peer.accepted.map(({ attemptToken }) =>
        Buffer.from(attemptToken, 'base64url'),
      );
      await recordDeliveryReceipts(
        { database: worker },
        tokens.map((token) => ({ token, channel: 'sms', status: receipt })),
      );
    }
  });
  const told: Told[] = [];
  for (const { which, kind } of asks) {
    const reference = references[which] ?? '';
    interleaver.add(async () => {
      const said = await ask(accept, { ...where(reference), kind });
      if (said) told.push({ reference, kind, reminders: said, attempts: await attemptsOf() });
    });
  }
  await interleaver.run(picks);
  return told;
}

async function ask(
  accept: Awaited<ReturnType<typeof createTestAccept>>,
  { kind, ...key }: { organisationId: string; mode: 'test'; reference: string; kind: Kind },
): Promise<Told['reminders'] | undefined> {
  for (;;) {
    try {
      if (kind === 'delete') return (await accept.remove({ ...key, erase: false })).reminders;
      const change = kind === 'cancel' ? ({ status: 'cancelled' } as const) : {};
      const body = appointmentRequest(change, kind === 'move' ? 96 : 72);
      return (await accept.put({ ...key, body })).reminders;
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'busy')) throw error;
    }
  }
}

/** Everything that is owed is done, and everything in doubt is settled. */
async function finish(): Promise<void> {
  peer.answer = () => 'accept';
  const sending = { linkTokens, epochPrivateKey: testKeys.keys.epochPrivateKey };
  for (let round = 0; round < 6; round += 1) {
    await bench.passLeases();
    await bench.sweep();
    await db.admin.query(
      `update reminders set due_at = clock_timestamp() where state = 'scheduled' and attempt_count > 0`,
    );
    await bench.drain(sending);
    await bench.turnClock(benchWindowMs);
    await bench.settleWith(bench.deps(sending), [], lane);
    if (!('uncertain' in (await bench.states()))) return;
  }
}

async function judge(told: readonly Told[]): Promise<void> {
  const attempts = await bench.rows('select reminder_id, token, possible_duplicate from attempts');
  const byToken = new Map(
    attempts.map((row) => [(row.token as Buffer).toString('base64url'), row]),
  );
  const copies = new Map<string, { all: number; unflagged: number }>();
  for (const { attemptToken } of peer.accepted) {
    const attempt = byToken.get(attemptToken);
    expect(attempt, 'what was sent was written down before').toBeDefined();
    const id = String(attempt?.reminder_id);
    const { all, unflagged } = copies.get(id) ?? { all: 0, unflagged: 0 };
    const more = attempt?.possible_duplicate === true ? 0 : 1;
    copies.set(id, { all: all + 1, unflagged: unflagged + more });
  }
  const rows = await bench.rows('select id, state, possibly_sent from reminders');
  const made = await attemptsOf();
  for (const { id, state, possibly_sent: flagged } of rows) {
    const { all, unflagged } = copies.get(String(id)) ?? { all: 0, unflagged: 0 };
    expect(unflagged, 'no copy is doubled unflagged').toBeLessThanOrEqual(1);
    if (state === 'sent' || state === 'delivered')
      expect(all, `${state} has a copy`).toBeGreaterThan(0);
    if (all > 0 && !['sent', 'delivered', 'undelivered', 'scheduled'].includes(String(state))) {
      expect(flagged, `${state}, and a copy went out`).toBe(true);
    }
  }
  for (const [place, { reference, kind, reminders, attempts: then }] of told.entries()) {
    const isRevived = told
      .slice(place + 1)
      .some((later) => later.reference === reference && ['move', 'again'].includes(later.kind));
    for (const { id, state, possiblySent } of reminders) {
      const isEnd = state === 'cancelled' || state === 'superseded';
      if (!isEnd && state !== 'in_flight') continue;
      meet(`${kind} ${state}${possiblySent ? ' possibly sent' : ''}`);
      if (isEnd || !isRevived) {
        expect(made.get(id) ?? 0, `no attempt after ${state}`).toBe(then.get(id) ?? 0);
      }
      if (isEnd && !possiblySent) expect(copies.get(id)?.all ?? 0, `told ${state}`).toBe(0);
    }
  }
  const accounts = await verifyLedger(
    { transaction: (work) => administer(db.adminUrl, work) },
    { organisationId },
  );
  expect(accounts.flatMap(({ breaks }) => breaks)).toEqual([]);
}

describe('cancelling and moving, whatever step of a send they come at', () => {
  it('is answered for certain: never both cancelled and sent, and nothing begins after the answer', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (given) => {
        runs += 1;
        const told = await play(given);
        await finish();
        await judge(told);
        peer.forget();
        await db.admin.query('delete from appointments; delete from batches; delete from events');
      }),
      { seed, numRuns, endOnFailure: true },
    );
    // Each way was met, else this proves little.
    for (const way of ['delete cancelled', 'cancel cancelled', 'move superseded']) {
      expect(met.get(way) ?? 0, way).toBeGreaterThan(0);
    }
    const inFlight = [...met].filter(([way]) => way.includes('in_flight'));
    expect(inFlight.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(0);
    if (process.env.SOTTO_TEST_RUNS) console.log(Object.fromEntries(met));
  });
});
