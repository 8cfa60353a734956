import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { bookMoments } from '../../src/store/sender-paces.ts';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { createSendBreaker } from '../../src/usecases/send-breaker.ts';
import { createSendSlots } from '../../src/usecases/send-slots.ts';
import { createSenderPace } from '../../src/usecases/sender-pace.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const socketsMax = 4;
const quickly = 60;

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
beforeEach(async () => {
  await database.admin.query('truncate organisations, batches, heartbeats, events cascade');
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});

async function countOpen(): Promise<number> {
  const [row] = await bench.rows(
    'select count(*)::int as count from attempts where outcome is null',
  );
  return row?.count as number;
}

/** A provider that is quick at first, and then holds whatever it is given until it is released. */
function holdingTransport(atEach: (place: number) => Promise<void> = async () => {}) {
  const answered = Promise.withResolvers<void>();
  const transport = fakeTransport(async (_message, place): Promise<SendOutcome> => {
    await atEach(place);
    if (place >= quickly) await answered.promise;
    return acceptedOutcome();
  });
  return { transport, release: answered.resolve };
}

// Where the machine stands still, the provider has been slow before it should be.
it('what waits ahead of a provider that has become slow is given back, and no more is put there', {
  retry: 2,
}, async () => {
  await bench.seed({ organisationId: await database.createOrganisation(), count: 90 });
  const open: number[] = [];
  const { transport, release } = holdingTransport(async (place) => {
    if (place === quickly) open.push(await countOpen());
  });
  const draining = bench.drain({ transport, slots: createSendSlots(socketsMax) });
  onTestFinished(async () => {
    release();
    await draining;
  });
  // What was accepted is stored, and only what the provider has in hand is open.
  await waitFor(async () => transport.sends.length === quickly + socketsMax);
  await waitFor(async () => (await countOpen()) === socketsMax, 20_000, 20);
  expect(open[0]).toBeGreaterThan(socketsMax);
  const notStarted = `select count(*)::int as count from attempts where reason_code = 'not_started'`;
  const [back] = await bench.rows(notStarted);
  expect(back?.count).toBeGreaterThan(0);
  expect(back?.count).toBeLessThanOrEqual(socketsMax);
  expect(transport.sends).toHaveLength(quickly + socketsMax);
  release();
  await draining;
  await bench.drain({ transport });
  expect(await bench.states()).toEqual({ sent: 90 });
  expect(new Set(transport.sends.map(({ to }) => to)).size).toBe(90);
  expect(transport.sends).toHaveLength(90);
});

it('a pause holds all but what the provider has in hand, and what gets a socket while anybody waits', {
  retry: 2,
}, async () => {
  const organisationId = await database.createOrganisation();
  await bench.seed({ organisationId, count: 90 });
  const { transport, release } = holdingTransport(async (place) => {
    if (place !== quickly) return;
    await bench.rows(
      `insert into pauses (id, organisation_id, reason) values (gen_random_uuid(), $1, 'held')`,
      [organisationId],
    );
  });
  const draining = bench.drain({ transport, slots: createSendSlots(socketsMax) });
  onTestFinished(async () => {
    release();
    await draining;
  });
  await waitFor(async () => transport.sends.length > quickly);
  // Whoever waits for a socket has given up.
  await waitFor(async () => (await countOpen()) <= socketsMax, 20_000, 20);
  release();
  await draining;
  await bench.drain({ transport });
  const sent = transport.sends.length;
  expect(sent).toBeLessThanOrEqual(quickly + socketsMax);
  const states = await bench.rows(
    `select state, count(*)::int as count from reminders where organisation_id = $1
     group by state order by state desc`,
    [organisationId],
  );
  expect(states).toEqual([
    { state: 'sent', count: sent },
    { state: 'scheduled', count: 90 - sent },
  ]);
});

it.each(['on its way to its moment', 'once that has come'])(
  'what keeps to a rate and is held up for a second and a half after its intent (%s) is not sent',
  async (place) => {
    await bench.seed({ organisationId: await database.createOrganisation(), count: 1 });
    const transport = fakeTransport(acceptedOutcome);
    let turnedMs = 0;
    const holdUp = () => {
      turnedMs += 1_500;
    };
    const pace = createSenderPace({
      ...{ sender: 'sms', perSecond: 20, purpose: 'reminders', log: silentLog },
      book: (wanted) => bookMoments(bench.worker, wanted),
      clock: () => performance.now() + turnedMs,
    });
    const reach: typeof pace.reach = (moment) => {
      if (place === 'on its way to its moment') holdUp();
      return pace.reach(moment);
    };
    const breaker = createSendBreaker({});
    const run: typeof breaker.run = (send) =>
      breaker.run(() => {
        if (place === 'once that has come') holdUp();
        return send();
      });
    const [batchId = ''] = await bench.feed();
    const route = { ...bench.deps({ transport }), pace };
    const held = { ...route, pace: { ...pace, reach }, breaker: { ...breaker, run } };
    await bench.dispatch(batchId, { routeOf: () => held });
    expect(turnedMs).toBe(1_500);
    expect(transport.sends).toHaveLength(0);
    await bench.drain({ routeOf: () => route });
    expect(transport.sends).toHaveLength(1);
    pace.close();
  },
);
