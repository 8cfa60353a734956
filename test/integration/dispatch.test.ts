import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  organisationId = await database.createOrganisation();
});
afterEach(async () => {
  await peer.close();
  await database.admin.query('truncate organisations, batches cascade');
});

describe('sending what is due', () => {
  it('hands each due reminder to the provider once, as the neutral text', async () => {
    const seeded = await bench.seed({ organisationId, count: 250 });
    const batches = await bench.feed();
    expect(batches).toHaveLength(3);
    await Promise.all(batches.map((batchId) => bench.dispatch(batchId)));

    expect(await bench.states()).toEqual({ sent: 250 });
    expect(peer.accepted.map(({ to }) => to).sort()).toEqual(
      seeded.map(({ phone }) => phone).sort(),
    );
    for (const { text } of peer.accepted) {
      expect(text).toMatch(
        /^Vous avez un rappel\. Pour le lire : http:\/\/localhost:3001\/a[\w-]{67}$/,
      );
    }
  });
});
