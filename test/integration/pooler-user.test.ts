import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';

const file = join(import.meta.dirname, '../../deploy/machines/pooler.sql');
const password = 'of-the-pooler';

let database: TestDatabase;
let pooler: PgBouncer;
let login: Secret<string>;
beforeAll(async () => {
  database = await createTestDatabase();
  // What psql does with its own words.
  const text = readFileSync(file, 'utf8')
    .replace(/^\\getenv.*$/m, '')
    .replace(/^select 'create role.*\\gexec$/m, '')
    .replace(":'pooler'", `'${password}'`);
  await database.admin.query('create role sotto_pooler login');
  await database.admin.query(text);
  await database.admin.query(text);
  const url = new URL(database.adminUrl.reveal());
  Object.assign(url, { username: 'sotto_pooler', password });
  login = new Secret(url.href);
  pooler = await startPgBouncer({
    logins: [login],
    settings: {
      auth_user: 'sotto_pooler',
      auth_query: 'select name, secret from pooler.secret_of($1)',
    },
  });
});
afterAll(async () => {
  await pooler?.stop();
  await database.admin.query('drop owned by sotto_pooler; drop role sotto_pooler');
  await database.drop();
});

async function ask(url: Secret<string>, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url.reveal() });
  await client.connect();
  return client.query(text).finally(() => client.end());
}

it('roles sign in through a pooler that holds none of their passwords', async () => {
  for (const url of Object.values(database.roleUrls)) {
    const { rows } = await ask(pooler.through(url), 'select current_user');
    expect(rows).toEqual([{ current_user: new URL(url.reveal()).username }]);
  }
});

it('nobody else signs in through it, nor with another password', async () => {
  const wrong = new URL(database.roleUrls.api.reveal());
  wrong.password = 'another';
  await expect(ask(pooler.through(new Secret(wrong.href)), 'select 1')).rejects.toThrow();
  await expect(ask(pooler.through(database.adminUrl), 'select 1')).rejects.toThrow();
});

it('its user reads what passwords of roles are checked against, and nothing else', async () => {
  const asked = (name: string) => ask(login, `select * from pooler.secret_of('${name}')`);
  expect((await asked('sotto_api')).rows[0]?.secret).toMatch(/^SCRAM-SHA-256\$/);
  expect((await asked('postgres')).rows).toEqual([]);
  for (const text of ['select from pg_authid', 'select from public.reminders']) {
    await expect(ask(login, text)).rejects.toThrow('permission denied');
  }
});
