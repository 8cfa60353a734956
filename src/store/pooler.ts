import pg from 'pg';
import { limits } from '../../config/limits.ts';
import type { Secret } from '../domain/secret.ts';
import { sqlState } from './database.ts';

/** What stands between a process and PostgreSQL. */
export interface Pooler {
  /** Whether something answers in the server's place, as PgBouncer does. */
  readonly isThere: boolean;
  /** Whether a statement that was prepared under a name is found by it in the next transaction, too. */
  readonly keepsStatements: boolean;
}

const checked = 'sotto pooler check';
const duplicateStatement = '42P05';

/**
 * Finds out what a connection string leads through, by one connection of its own.
 *
 * A pooler hands out numbers of its own in place of those of server processes. One that keeps
 * statements prepares them on the server under names of its own, too (PgBouncer from 1.21 with
 * max_prepared_statements above 0). Where ours arrive, another process may have given them, and a
 * later transaction does not find them.
 */
export async function findPooler(url: Secret<string>): Promise<Pooler> {
  const client = new pg.Client({
    connectionString: url.reveal(),
    application_name: checked,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    query_timeout: 5_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const isThere = await isPooled(client);
    return { isThere, keepsStatements: !isThere || (await keepsStatements(client)) };
  } finally {
    // It may have died without a word, and would be waited for.
    void client.end().catch(() => {});
  }
}

/** Whether something else than a process of the server has answered this connection. */
export async function isPooled(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query('select pg_backend_pid() as pid');
  return rows[0].pid !== (client as unknown as { processID: number }).processID;
}

async function keepsStatements(client: pg.Client): Promise<boolean> {
  // In one transaction, which no pooler spreads over several connections.
  await client.query('begin');
  try {
    await client.query({ name: checked, text: 'select 1' });
    const { rows } = await client.query('select from pg_prepared_statements where name = $1', [
      checked,
    ]);
    if (rows.length > 0) await client.query(`deallocate "${checked}"`);
    return rows.length === 0;
  } catch (error) {
    if (sqlState(error) === duplicateStatement) return false;
    throw error;
  } finally {
    await client.query('rollback');
  }
}
