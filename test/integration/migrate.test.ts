import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeSchema } from '../../scripts/describe-schema.ts';
import { schemaFile } from '../../scripts/schema-dump.ts';
import { Secret } from '../../src/domain/secret.ts';
import { MigrationError, migrate } from '../../src/store/migrate.ts';
import { verifyAudit } from '../../src/usecases/verify-audit.ts';
import { withDatabase } from '../support/global-setup.ts';
import { testServer } from '../support/test-server.ts';

const root = join(import.meta.dirname, '../..');
const files = readdirSync(join(root, 'src/store/migrations')).sort();

let server: pg.Client;
let name: string;
let client: pg.Client;
let url: Secret<string>;

beforeAll(async () => {
  server = await connect(testServer().adminUrl);
});
afterAll(() => server?.end());

beforeEach(async () => {
  name = `test_${randomUUID().replaceAll('-', '')}`;
  await server.query(`create database ${name}`);
  url = new Secret(withDatabase(testServer().adminUrl, name));
  client = await connect(url.reveal());
});
afterEach(async () => {
  await client.end();
  await server.query(`drop database if exists ${name} with (force)`);
});

async function connect(address: string): Promise<pg.Client> {
  const connection = new pg.Client({ connectionString: address });
  connection.on('error', () => {});
  await connection.connect();
  return connection;
}

async function applied(): Promise<string[]> {
  const { rows } = await client.query('select name from migrations order by name');
  return rows.map((row) => row.name);
}

async function tableCount(): Promise<number> {
  const { rows } = await client.query(
    `select count(*)::int as count from pg_tables where schemaname = 'public' and tablename <> 'migrations'`,
  );
  return rows[0].count;
}

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await holds()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error('waited in vain');
  }
}

describe('migrating', () => {
  it('runs every file once, in order, and then has nothing to do', async () => {
    expect(await migrate(url)).toEqual(files);
    expect(await migrate(url)).toEqual([]);
    expect(await applied()).toEqual(files);
  });

  it('is safe when several processes start at once', async () => {
    const ran = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(ran.flat().sort()).toEqual(files);
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
  });

  it('leaves nothing half done when its process is killed, and starts over', async () => {
    // A table of the second file is being made elsewhere, so that the migration has to wait there.
    const blocker = await connect(url.reveal());
    await blocker.query('begin; create table public.reminders ()');
    const program = `
      import { migrate } from './src/store/migrate.ts';
      import { Secret } from './src/domain/secret.ts';
      await migrate(new Secret(process.env.MIGRATED_URL));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: root,
      env: { ...process.env, MIGRATED_URL: url.reveal() },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    try {
      await waitFor(async () => {
        const { rowCount } = await server.query(
          `select from pg_stat_activity where datname = $1 and application_name = 'sotto migrate'
             and wait_event_type = 'Lock'`,
          [name],
        );
        return rowCount === 1;
      });
    } finally {
      child.kill('SIGKILL');
      await ended;
      await blocker.query('rollback');
      await blocker.end();
    }
    await waitFor(async () => {
      const { rowCount } = await server.query(
        `select from pg_stat_activity where datname = $1 and application_name = 'sotto migrate'`,
        [name],
      );
      return rowCount === 0;
    });

    expect(await applied()).toEqual(files.slice(0, 1));
    expect(await tableCount()).toBe(0);
    expect(await migrate(url)).toEqual(files.slice(1));
    const unhurt = await schemaFile(new Secret(testServer().adminUrl));
    expect(unhurt.endsWith(await describeSchema(client))).toBe(true);
  });

  it('tries a file again that crossed with whoever is at work', async () => {
    const blocker = await connect(url.reveal());
    await blocker.query(`set deadlock_timeout = '60s'; begin; create table public.reminders ()`);
    const outcome = migrate(url);
    await waitFor(async () => {
      const { rowCount } = await server.query(
        `select from pg_stat_activity where datname = $1 and application_name = 'sotto migrate'
           and wait_event_type = 'Lock'`,
        [name],
      );
      return rowCount === 1;
    });
    // Each waits for the other; the migration is the first to look, and is let go.
    await blocker.query(`insert into public.migrations (name, digest) values ($1, '')`, [files[1]]);
    await blocker.query('rollback');
    await blocker.end();
    expect(await outcome).toEqual(files);
  });

  it('leaves nothing of a file that fails, and goes on from there', async () => {
    await client.query('create table public.reminders ()');
    await expect(migrate(url)).rejects.toThrow('already exists');
    expect(await applied()).toEqual(files.slice(0, 1));
    expect(await tableCount()).toBe(1);
    await client.query('drop table public.reminders');
    expect(await migrate(url)).toEqual(files.slice(1));
  });

  it('makes one chain of the audit that was there', async () => {
    await client.query('create table public.audit_chain ()');
    await expect(migrate(url)).rejects.toThrow('already exists');
    await client.query(`insert into audit (actor, action, subject)
      select 'somebody', 'test.write', 'line ' || n from generate_series(1, 300) n`);
    await client.query('drop table public.audit_chain');
    await migrate(url);
    await client.query(`insert into audit (actor, action) values ('somebody', 'test.write')`);
    const verdict = await verifyAudit(client, { heads: [] });
    expect(verdict).toMatchObject({ findings: [], linesChecked: 301 });
  });

  it('refuses when a file that ran has been changed since', async () => {
    await migrate(url);
    await client.query(`update migrations set digest = 'of another text' where name = $1`, [
      files[0],
    ]);
    await expect(migrate(url)).rejects.toThrow(MigrationError);
    await expect(migrate(url)).rejects.toThrow(files[0] ?? '');
  });

  it('refuses a database that a newer version has migrated', async () => {
    await migrate(url);
    await client.query(`insert into migrations (name, digest) values ('9999-later.sql', 'x')`);
    await expect(migrate(url)).rejects.toThrow(MigrationError);
    await expect(migrate(url)).rejects.toThrow('newer');
  });

  it('refuses before it runs anything', async () => {
    await migrate(url);
    await client.query(`delete from migrations where name = $1`, [files.at(-1)]);
    await client.query(`update migrations set digest = 'of another text' where name = $1`, [
      files[0],
    ]);
    await expect(migrate(url)).rejects.toThrow(MigrationError);
    expect(await applied()).toEqual(files.slice(0, -1));
  });

  it('reports a connection that breaks instead of ending the process', async () => {
    const blocker = await connect(url.reveal());
    await blocker.query('begin; create table public.reminders ()');
    const outcome = migrate(url).then(
      () => 'done',
      () => 'rejected',
    );
    await waitFor(async () => {
      const { rowCount } = await server.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = $1 and application_name = 'sotto migrate' and wait_event_type = 'Lock'`,
        [name],
      );
      return rowCount === 1;
    });
    expect(await outcome).toBe('rejected');
    await blocker.query('rollback');
    await blocker.end();
  });
});
