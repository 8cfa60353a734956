import { execFile } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { startTestPostgres, type TestPostgres } from './embedded-postgres.ts';

/** What a server needs so that another can follow it. */
export const followedSettings = {
  wal_level: 'replica',
  max_wal_senders: '4',
  wal_keep_size: '256MB',
};

/**
 * A standby made of a base copy of a running server, which it follows from then on.
 *
 * @param options.isSynchronous whether the server confirms nothing any more that the standby lacks
 * @param options.port of a proxy that it follows the server through
 */
export async function startStandby(
  primary: TestPostgres,
  { isSynchronous, port = primary.port }: { isSynchronous: boolean; port?: number },
): Promise<TestPostgres> {
  const client = new pg.Client({ connectionString: primary.adminUrl.reveal() });
  await client.connect();
  try {
    const standby = await startTestPostgres({
      settings: followedSettings,
      prepare: (dataDir) => copyBase(client, { to: dataDir, primary, port }),
    });
    if (isSynchronous) {
      await client.query(`alter system set synchronous_standby_names = '*'`);
      await client.query('select pg_reload_conf()');
    }
    const wanted = isSynchronous ? 'sync' : 'async';
    for (let state = ''; state !== wanted; await wait(20)) {
      const { rows } = await client.query('select sync_state from pg_stat_replication');
      state = rows[0]?.sync_state ?? '';
    }
    return standby;
  } finally {
    await client.end();
  }
}

/** Ends its following: it is the one to be written to now. */
export async function promote(standby: TestPostgres): Promise<void> {
  await administer(standby, 'select pg_promote(true, 30)');
}

/** Says one thing to a server, as whoever may do anything. */
export async function administer({ adminUrl }: TestPostgres, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl.reveal() });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** @see https://www.postgresql.org/docs/18/continuous-archiving.html (low level base backups) */
async function copyBase(
  client: pg.Client,
  { to, primary, port }: { to: string; primary: TestPostgres; port: number },
): Promise<void> {
  const { rows } = await client.query('show data_directory');
  const from: string = rows[0].data_directory;
  const folder = join(to, 'postgres');
  await client.query(`select pg_backup_start('standby', true)`);
  // Files that vanish meanwhile are no part of it, so that its exit code says nothing.
  await run('cp', ['-a', from, join(dirname(from), 'postgres-password'), to]);
  const { rows: stopped } = await client.query('select labelfile from pg_backup_stop()');
  for (const name of ['postmaster.pid', 'postmaster.opts'])
    rmSync(join(folder, name), { force: true });
  for (const name of readdirSync(join(folder, 'pg_wal'))) {
    rmSync(join(folder, 'pg_wal', name), { recursive: true });
  }
  const { password } = new URL(primary.adminUrl.reveal());
  const followed = `host=127.0.0.1 port=${port} user=postgres password=${password}`;
  const { uid, gid } = statSync(folder);
  const own = (name: string) => chownSync(join(folder, name), uid, gid);
  mkdirSync(join(folder, 'pg_wal/archive_status'));
  own('pg_wal/archive_status');
  const files = {
    backup_label: stopped[0].labelfile,
    'standby.signal': '',
    'postgresql.auto.conf': `primary_conninfo = '${followed}'\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    own(name);
  }
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => execFile(program, args, () => resolve()));
}
