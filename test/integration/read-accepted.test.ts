import { afterAll, beforeAll, expect, it } from 'vitest';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
});
afterAll(async () => {
  await database.drop();
  await testKeys.remove();
});

it('reading back looks each row up by its key, however small the tables were when that was planned', async () => {
  const accept = await createTestAccept({ database: database.open('api'), ...testKeys });
  const references = Array.from({ length: 20 }, (_, place) => `ref-${place}`);
  const put = (reference: string) =>
    accept.put({ organisationId, mode: 'test', reference, body: appointmentRequest() });
  const ids = (await Promise.all(references.map(put))).map(({ id }) => id);
  await database.admin.query('analyze');
  const { rows: links } = await database.admin.query(
    'select id from links where appointment_id = any ($1::uuid[])',
    [ids],
  );

  const connection = await database.admin.connect();
  try {
    await connection.query('begin');
    const scans = async () => {
      const { rows } = await connection.query<{ name: string; whole: number; keys: number }>(
        `select relname as name, seq_scan::int as whole, idx_scan::int as keys
         from pg_stat_xact_user_tables
         where relname in ('appointments', 'versions', 'links', 'content_keys') order by 1`,
      );
      return rows;
    };
    const before = await scans();
    const { rows } = await connection.query('select * from read_accepted($1, $2, $3)', [
      ...[ids, ids.map(() => 1), links.map(({ id }) => id)],
    ]);
    expect(rows).toHaveLength(2 * ids.length + links.length);
    const after = await scans();
    const taken = after.map(({ name, whole, keys }, place) => ({
      name,
      whole: whole - (before[place]?.whole ?? 0),
      keys: keys - (before[place]?.keys ?? 0),
    }));
    expect(taken).toEqual([
      { name: 'appointments', whole: 0, keys: ids.length },
      { name: 'content_keys', whole: 0, keys: ids.length },
      // By their own ids, and by those of appointments on the way to content keys.
      { name: 'links', whole: 0, keys: links.length + ids.length },
      { name: 'versions', whole: 0, keys: ids.length },
    ]);
  } finally {
    await connection.query('rollback');
    connection.release();
  }
});
