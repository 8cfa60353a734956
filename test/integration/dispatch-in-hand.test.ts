import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLaneLookup } from '../../src/store/waiting-batches.ts';
import { feedDueReminders, newFeedCursor } from '../../src/usecases/feed-due-reminders.ts';
import { createDispatcher } from '../../workers/dispatcher.ts';
import { feedAgain } from '../../workers/feed-again.ts';
import { createLaneFeeder } from '../../workers/lane-feeder.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const live = { channel: 'sms', mode: 'live' } as const;
const answerMs = 100;

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

/** A scheduler and a worker, as their processes are put together, without a queue between them. */
function startSending(): { stop(): Promise<void> } {
  const worker = bench.deps();
  const dispatcher = createDispatcher({
    findWaiting: async () => [],
    claim: async () => [],
    keep: async () => {},
    laneOf: createLaneLookup(bench.worker),
    dispatch: (batchId) => bench.dispatchWith(worker, batchId),
    isLeft: () => false,
    concurrency: 8,
    log: silentLog,
  });
  const cursor = newFeedCursor();
  const ring = (batchId: string) => void dispatcher.take(batchId);
  const feed = () =>
    feedDueReminders(
      { database: bench.scheduler, ring },
      { lane: live, perSecond: 10_000, cursor },
    );
  const round = createLaneFeeder({ lanes: [live], feed: () => feedAgain(feed) });
  const timer = setInterval(() => void round(), 1_000);
  return {
    async stop() {
      clearInterval(timer);
      await dispatcher.idle();
    },
  };
}

describe('while a large organisation floods a slow provider', () => {
  it('a small one’s reminder leaves within seconds, before all that was due before it', async () => {
    peer.answer = async () => {
      await sleep(answerMs);
      return 'accept' as const;
    };
    await database.admin.query(
      `insert into heartbeats (name, instance, version, beat_at) values ('dispatch', 'one', '0', 'infinity')`,
    );
    const large = await database.createOrganisation();
    await bench.seed({ organisationId: large, count: 1_500, dueInMs: -3_600_000 });
    const sending = startSending();
    await waitFor(() => peer.accepted.length > 100);

    const small = await database.createOrganisation();
    const dueAtMs = performance.now();
    const [only] = await bench.seed({ organisationId: small, count: 1, dueInMs: -1 });
    await waitFor(async () => {
      const [row] = await bench.rows('select state from reminders where id = $1', [only?.id]);
      return row?.state === 'sent';
    }, 30_000);
    const waitedMs = performance.now() - dueAtMs;
    expect((await bench.states()).scheduled).toBeGreaterThan(0);
    // Two or three of them, on a machine with nothing else to do.
    expect(waitedMs).toBeLessThan(13_000);
    await database.admin.query(`delete from reminders where state = 'scheduled'`);
    await sending.stop();
  });
});
