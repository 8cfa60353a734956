import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { aheadMax, createSendSlots } from '../../src/usecases/send-slots.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
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

it('what waits ahead of a provider that has become slow is given back, and no more is put there', async () => {
  await bench.seed({ organisationId: await database.createOrganisation(), count: 90 });
  const answered = Promise.withResolvers<void>();
  const open: number[] = [];
  const transport = fakeTransport(async (_message, place): Promise<SendOutcome> => {
    if (place === quickly) open.push(await countOpen());
    if (place >= quickly) await answered.promise;
    return acceptedOutcome();
  });
  const draining = bench.drain({ transport, slots: createSendSlots(socketsMax) });
  // What was accepted is stored, and only what the provider has in hand is open.
  await waitFor(async () => transport.sends.length === quickly + socketsMax);
  await waitFor(async () => (await countOpen()) === socketsMax, 5_000, 20);
  expect(open[0]).toBeGreaterThan(socketsMax);
  const notStarted = `select count(*)::int as count from attempts where reason_code = 'not_started'`;
  const [back] = await bench.rows(notStarted);
  expect(back?.count).toBeGreaterThan(0);
  expect(back?.count).toBeLessThanOrEqual(aheadMax);
  expect(transport.sends).toHaveLength(quickly + socketsMax);
  answered.resolve();
  await draining;
  await bench.drain({ transport });
  expect(await bench.states()).toEqual({ sent: 90 });
  expect(new Set(transport.sends.map(({ to }) => to)).size).toBe(90);
  expect(transport.sends).toHaveLength(90);
});
