/**
 * Rewrites `src/store/schema.sql` from a freshly migrated database of its own:
 *
 *     node scripts/schema-dump.ts
 *
 * The file is for reading and for reviews: it shows what all migrations together come to. A test
 * keeps it in step. The database is made on the server at SOTTO_TEST_ADMIN_URL (a superuser), else
 * on an embedded server that is started for it and removed again.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { Secret } from '../src/domain/secret.ts';
import { migrate } from '../src/store/migrate.ts';
import { startTestPostgres } from '../test/support/embedded-postgres.ts';
import { describeSchema } from './describe-schema.ts';

const header = `-- What all migrations together come to, for reading. It is made by scripts/schema-dump.ts from a
-- freshly migrated database and is never run; the migrations are.

`;

/** The whole text of the file, from a database that is made, migrated and dropped on a server. */
export async function schemaFile(serverUrl: Secret<string>): Promise<string> {
  const name = `schema_dump_${randomUUID().replaceAll('-', '')}`;
  const fresh = new URL(serverUrl.reveal());
  fresh.pathname = `/${name}`;
  return withClient(serverUrl.reveal(), async (server) => {
    await server.query(`create database ${name}`);
    try {
      await migrate(new Secret(fresh.href));
      return header + (await withClient(fresh.href, describeSchema));
    } finally {
      await server.query(`drop database ${name} with (force)`);
    }
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

if (import.meta.main) {
  const given = process.env.SOTTO_TEST_ADMIN_URL;
  const server = given ? undefined : await startTestPostgres();
  try {
    const text = await schemaFile(server?.adminUrl ?? new Secret(given ?? ''));
    writeFileSync(join(import.meta.dirname, '../src/store/schema.sql'), text);
  } finally {
    await server?.stop();
  }
}
