import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { openCheckedDatabase } from '../../src/roles/checked-database.ts';
import { type DatabaseRole, databaseRoles } from '../../src/store/role-logins.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.admin.query('create table kept as select * from migrations');
});
afterAll(() => database.drop());
beforeEach(() => database.admin.query('truncate migrations'));
afterEach(() => database.admin.query('truncate migrations'));

const applied = (change = '') =>
  database.admin.query(`insert into migrations select * from kept ${change}`);
async function start(role: DatabaseRole): Promise<void> {
  const config = loadConfig({ DATABASE_URL: database.roleUrls[role].reveal() });
  await (await openCheckedDatabase(config, { role, log: silentLog })).close();
}

describe('a process of an update', () => {
  it.each(databaseRoles)('as %s does not start before the schema is there for it', async (role) => {
    await applied('where name < (select max(name) from kept)');
    await expect(start(role)).rejects.toThrow('run sotto migrate first');
    await database.admin.query('truncate migrations');
    await applied();
    await start(role);
  });

  it('does not start where an older version migrated, which told nobody how far', async () => {
    await applied();
    await database.admin.query('revoke select (name, digest) on migrations from sotto_worker');
    await expect(start('worker')).rejects.toThrow('run sotto migrate first');
    await database.admin.query('grant select (name, digest) on migrations to sotto_worker');
  });

  it('goes on, and starts, when the schema is newer already', async () => {
    await applied();
    await database.admin.query(
      `insert into migrations (name, digest) values ('9999-of-tomorrow.sql', 'x')`,
    );
    await start('worker');
  });
});
