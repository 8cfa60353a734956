import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  // Several processes may prepare at once, and again.
  await Promise.all([prepareQueue(database.adminUrl), prepareQueue(database.adminUrl)]);
  await prepareQueue(database.adminUrl);
});
afterAll(() => database.drop());

describe('the queue’s schema', () => {
  it('is closed to every role that neither rings, hears nor watches', async () => {
    for (const role of ['api', 'patient'] as const) {
      const client = new pg.Client({ connectionString: database.roleUrls[role].reveal() });
      await client.connect();
      await expect(client.query('select * from sotto_queue.job')).rejects.toThrow(
        'permission denied',
      );
      await client.end();
    }
  });
});
