import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { openRoutes } from '../../workers/routes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});

describe('a test message beside a live transport', () => {
  it('does not tell whether the person at that number said stop', async () => {
    const bench = createDispatchBench(database, peer);
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 2, mode: 'test' });
    await bench.seed({ organisationId, count: 2, mode: 'live' });
    const { routeOf, close } = await openRoutes({
      config: loadConfig({
        ...{ SMS_TRANSPORT: 'twilio', TWILIO_BASE_URL: peer.url, TWILIO_FROM: '+33700000000' },
        ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token' },
      }),
      recordOptOut: async () => {},
      storeReceipts: async () => {},
      keepForCanary: async () => {},
      log: silentLog,
    });
    // Everybody said stop.
    await bench.drain({
      routeOf,
      findSuppressed: async (contacts) => new Set(contacts.map(({ reminderId }) => reminderId)),
    });
    await close();
    expect(
      await bench.rows('select mode, state, count(*)::int from reminders group by 1, 2 order by 1'),
    ).toEqual([
      { mode: 'live', state: 'suppressed', count: 2 },
      { mode: 'test', state: 'sent', count: 2 },
    ]);
  });
});
