import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import type { Secret } from '../domain/secret.ts';
import { type Database, sqlState } from './database.ts';
import { isPooled } from './pooler.ts';
import { databaseRoles } from './role-logins.ts';

const directory = new URL('./migrations/', import.meta.url);
/** Any number, as long as it stays: whoever holds this advisory lock migrates. */
const migrationLock = 7_261_947;
const insufficientPrivilege = '42501';
const lockNotAvailable = '55P03';
const deadlockDetected = '40P01';
/** How often one is tried that the version before, which is at work, crosses. */
const triesMax = 5;

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly digest: string;
}

/** A database that these migrations must not touch; the message says why in one line. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Brings a database to the newest schema, forward only.
 *
 * Two that start at once are safe: the second waits for the first and finds nothing to do. Each
 * file runs in a transaction of its own together with its row, so that a killed migration leaves
 * either all of it or nothing.
 *
 * @returns the names of the migrations that ran
 * @throws {MigrationError} when an applied file was changed, the database is newer than this code, or a
 *   pooler is in between, which would give the lock to another's connection
 */
export async function migrate(adminUrl: Secret<string>): Promise<string[]> {
  const client = new pg.Client({
    connectionString: adminUrl.reveal(),
    application_name: 'sotto migrate',
  });
  // The statement under way fails of itself; without a listener the process would end.
  client.on('error', () => {});
  await client.connect();
  try {
    if (await isPooled(client)) {
      throw new MigrationError(
        'This way to PostgreSQL leads through a pooler: set DATABASE_DIRECT_URL to one past it.',
      );
    }
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await client.query(`create table if not exists public.migrations (
      name text primary key, digest text not null, applied_at timestamptz not null default clock_timestamp())`);
    const applied = await client.query<{ name: string; digest: string }>(
      'select name, digest from public.migrations order by name',
    );
    const migrations = await readMigrations();
    refuseForeign(migrations, applied.rows);
    const done = new Set(applied.rows.map((row) => row.name));
    const ran: string[] = [];
    for (const migration of migrations) {
      if (done.has(migration.name)) continue;
      await applyWhole(client, migration);
      ran.push(migration.name);
    }
    await client.query(
      `grant select (name, digest) on public.migrations to ${databaseRoles.map((role) => `sotto_${role}`)}`,
    );
    return ran;
  } finally {
    await client.end();
  }
}

/** How a database's schema stands to this version of the code. */
export interface SchemaState {
  /** Whether any migration has ever run there. */
  readonly exists: boolean;
  readonly pending: readonly string[];
  /** Applied ones that this version does not know: it is the older one. */
  readonly unknownCount: number;
  /** Applied in another form than they have here. */
  readonly changed: readonly string[];
}

/** Compares without changing anything. */
export async function readSchemaState(database: Pick<Database, 'query'>): Promise<SchemaState> {
  const migrations = await readMigrations();
  const [table] = await database.query<{ exists: boolean }>(
    `select to_regclass('public.migrations') is not null as "exists"`,
  );
  const exists = table?.exists === true;
  const applied = exists
    ? await database.query<{ name: string; digest: string }>(
        'select name, digest from public.migrations',
      )
    : [];
  const digests = new Map(applied.map(({ name, digest }) => [name, digest]));
  const known = migrations.filter(({ name }) => digests.has(name));
  return {
    exists,
    pending: migrations.filter(({ name }) => !digests.has(name)).map(({ name }) => name),
    unknownCount: applied.length - known.length,
    changed: known
      .filter(({ name, digest }) => digests.get(name) !== digest)
      .map(({ name }) => name),
  };
}

/**
 * Whether this code must not run yet, since `migrate` has not been run for it. Where a role may not see
 * what was applied, it was an older version that applied it.
 */
export async function isSchemaBehind(database: Pick<Database, 'query'>): Promise<boolean> {
  const state = await readSchemaState(database).catch((error: unknown) => {
    if (sqlState(error) === insufficientPrivilege) return undefined;
    throw error;
  });
  return !state || state.pending.length > 0;
}

/** Who is at work may take the same tables in another order; PostgreSQL then lets one of the two go. */
async function applyWhole(client: pg.Client, migration: Migration): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await apply(client, migration);
    } catch (error) {
      if (sqlState(error) !== deadlockDetected || tries === triesMax) throw error;
    }
  }
}

async function apply(client: pg.Client, { name, digest, text }: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query('insert into public.migrations (name, digest) values ($1, $2)', [
      name,
      digest,
    ]);
    // Whoever waits for a table keeps all behind it waiting: a back-up must not stop the version before.
    await client.query(`set local lock_timeout = '3s'`);
    await client.query(text);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    if (sqlState(error) !== lockNotAvailable) throw error;
    throw new MigrationError(
      `${name} cannot have a table to itself: something long runs in the database, such as a back-up. Nothing was changed; try again when it is over.`,
    );
  }
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, directory), 'utf8');
      return { name, text, digest: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

function refuseForeign(
  migrations: readonly Migration[],
  applied: readonly { name: string; digest: string }[],
): void {
  for (const row of applied) {
    const migration = migrations.find(({ name }) => name === row.name);
    if (!migration) {
      throw new MigrationError(
        `The database is newer than this version of Sotto (it has ${row.name}).`,
      );
    }
    if (migration.digest !== row.digest) {
      throw new MigrationError(`Migration ${row.name} was changed after it had been applied.`);
    }
  }
}
