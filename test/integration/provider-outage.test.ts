import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSendBreaker } from '../../src/usecases/send-breaker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type BenchOverrides, createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, type PeerAnswer, startMessagesPeer } from '../support/messages-peer.ts';

const stepMs = 120_000;
const hour = 3_600_000 / stepMs;
const count = 200;
/** In the air when it began, and what it took to find out. */
const uncertainMax = 16 + 8;
/** Each twice as long after the one before, up to a minute. */
const probesMax = 65;

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterEach(async () => {
  peer.forget();
  await database.admin.query('truncate organisations, batches, events, heartbeats cascade');
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});

/** A worker, which says to feeders when it finds the provider down. */
function startWorker(overrides: BenchOverrides) {
  let nowMs = 0;
  const breaker = createSendBreaker({ nowMs: () => nowMs });
  const deps = bench.deps({ breaker, ...overrides });
  return {
    /** Turns every clock on by a step, feeds, sends and settles. */
    async step(): Promise<void> {
      nowMs += stepMs;
      await bench.turnClock(stepMs);
      const turn = `- ${stepMs} * interval '1 millisecond'`;
      await database.admin.query(`update reminders set due_at = due_at ${turn}, lease_until = lease_until ${turn};
        update batches set created_at = created_at ${turn}, lease_until = lease_until ${turn};
        delete from heartbeats where name like 'held-up%'`);
      if (deps.breaker.allows() !== 'all') {
        await database.admin.query(
          `insert into heartbeats (name, instance, version, beat_at)
           select 'held-up sms live', 'bench ' || n, '0', 'infinity' from generate_series(1, 4) n`,
        );
      }
      const batches = await bench.feed();
      await Promise.all(batches.map((batchId) => bench.dispatchWith(deps, batchId)));
      await bench.settleWith(deps);
      await bench.sweep();
      await bench.expire();
    },
  };
}

describe('an hour, or a good part of one, in which a provider is down', () => {
  const ways: [what: string, answer: () => PeerAnswer, steps: number, BenchOverrides?][] = [
    ['answers 500', () => 'error_500', hour],
    ['answers through something between that nobody understands', () => 'error_page', hour / 4],
    // Only where nothing comes is it waited for.
    ['takes messages and does not say so', () => 'accept_then_hang', hour / 3, { timeoutMs: 200 }],
    ['takes one in nine', nth(9), hour / 2],
  ];
  it.each(ways)(
    'puts few reminders in doubt when it %s: the others wait, and go out after it',
    async (_what, answer, steps, overrides = {}) => {
      const organisationId = await database.createOrganisation();
      await bench.seed({ organisationId, count });
      await bench.seed({ organisationId, count: 20, notAfterInMs: 30 * 60_000 });
      peer.answer = answer;
      peer.list = () => 'error_500';
      const worker = startWorker(overrides);
      for (let step = 0; step < steps; step += 1) await worker.step();
      const during = await bench.states();
      // Half-open, it is asked little.
      expect(peer.requests()).toBeLessThan(uncertainMax + probesMax);
      expect(during.uncertain).toBeLessThan(uncertainMax + probesMax);
      expect(during.scheduled).toBeGreaterThan(count / 2);

      peer.answer = () => 'accept';
      peer.list = () => 'answer';
      for (let step = 0; step < hour && isOwed(await bench.states()); step += 1) {
        await worker.step();
      }
      const { sent = 0, expired = 0, ...others } = await bench.states();
      expect(others).toEqual({});
      expect(sent + expired).toBe(count + 20);
      const copies = await bench.rows(
        `select t.reminder_id, count(*) filter (where not t.possible_duplicate)::int as unflagged
         from attempts t where token = any($1) group by 1`,
        [peer.accepted.map(({ attemptToken }) => Buffer.from(attemptToken, 'base64url'))],
      );
      expect(copies.filter(({ unflagged }) => Number(unflagged) > 1)).toEqual([]);
    },
  );
});

function isOwed({ scheduled = 0, uncertain = 0 }: Record<string, number>): boolean {
  return scheduled + uncertain > 0;
}

/** Takes every so many-th message, and answers 500 to the others. */
function nth(every: number): () => PeerAnswer {
  let requests = 0;
  return () => {
    requests += 1;
    return requests % every === 0 ? 'accept' : 'error_500';
  };
}
