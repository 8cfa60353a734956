import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { databaseRoles } from '../../src/store/role-logins.ts';
import { locatePostgres } from '../../src/supervisor/postgres-binaries.ts';
import { choosePostgresUser } from '../../src/supervisor/postgres-user.ts';
import { findPostgres } from '../support/find-program.ts';
import { freePort } from '../support/free-port.ts';
import {
  type MachineScripts,
  openMachineScripts,
  readMachine,
  type StartedService,
} from '../support/machine-scripts.ts';

/** A PostgreSQL may have to be unpacked first, and each service has its own time to come up. */
const slowMs = 300_000;
/** As two machines, at the same port. */
const [first, second] = ['127.0.0.1', '127.0.0.2'];
const [password, ofStandby] = ['of-postgres', 'of-the-standby'];

const programs = {
  gosu: '#!/bin/sh\nshift\nexec $AS "$@"\n',
  // Without -d -o postgres -g postgres: here it is another user.
  install: '#!/bin/sh\nshift 5\nexec /usr/bin/install -d $OWNER "$@"\n',
  // What the image's own does, in short. It reads what is mounted without leave to be run.
  'docker-entrypoint.sh': `#!/usr/bin/env bash
set -Eeo pipefail
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$PGDATA"
  exec gosu postgres "$0" "$@"
fi
set -- "$@" -c fsync=off -c unix_socket_directories=
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --no-sync -D "$PGDATA" --username=postgres --pwfile=<(echo "$POSTGRES_PASSWORD")
  # Of its rules, those that count for other machines.
  printf 'local all all trust\\nhost all all all scram-sha-256\\n' > "$PGDATA/pg_hba.conf"
  export PGHOST="$DATA"
  pg_ctl -D "$PGDATA" -o "\${*:2} -c listen_addresses= -c unix_socket_directories=$PGHOST" -w start
  psql --username=postgres --dbname=postgres -c "create database $POSTGRES_DB"
  for file in $AT_FIRST; do . "$file"; done
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGHOST
fi
exec "$@" -c listen_addresses="$OWN"
`,
};

let scripts: MachineScripts;
let data: string;
let common: Record<string, string>;
let primary: StartedService;

beforeAll(async () => {
  const found = findPostgres();
  scripts = openMachineScripts({ programs, path: [found.programs] });
  data = join(scripts.folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const { prefix, spawnAs, owner } = choosePostgresUser(locatePostgres(scripts.folder), data);
  const { uid, gid } = spawnAs;
  const step = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  common = {
    PGPORT: String(await freePort()),
    DATA: data,
    LD_LIBRARY_PATH: found.libraries,
    AS: (uid === undefined ? prefix : step).join(' '),
    OWNER: owner ? `-o ${owner.uid} -g ${owner.gid}` : '',
  };
  primary = start({ own: first });
  await primary.until(async () => (await ask(first, 'select')).length === 1);
}, slowMs);
afterAll(async () => {
  await scripts?.remove();
});

/** @param machine.of whom it is a standby of, with the password that is given */
function start({ own, of = '', given = ofStandby }: { own: string; of?: string; given?: string }) {
  const { postgres } = readMachine({
    ...{ PRIVATE_ADDRESS: own, POSTGRES_PRIMARY: of, POSTGRES_SHARED_BUFFERS: '16MB' },
    ...{ POSTGRES_PASSWORD: password, REPLICATION_PASSWORD: given },
  });
  return scripts.start(postgres, { ...common, OWN: own, PGDATA: join(data, own) });
}

async function ask(
  host: string,
  statement: string,
  login = { user: 'postgres', password },
): Promise<Record<string, unknown>[]> {
  const place = { host, port: Number(common.PGPORT), database: 'sotto' };
  const client = new pg.Client({ ...place, ...login });
  client.on('error', () => {});
  await client.connect();
  return client
    .query(statement)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

const followers = () =>
  ask(first, 'select usename, application_name, state, sync_state from pg_stat_replication');
const waitedFor = {
  ...{ usename: 'sotto_standby', application_name: 'standby' },
  ...{ state: 'streaming', sync_state: 'sync' },
};
async function isWaitedFor(): Promise<boolean> {
  const [one, ...more] = await followers();
  return one?.sync_state === 'sync' && more.length === 0;
}

it('the primary comes up with its database and as large as it is told', async () => {
  const names = ['max_connections', 'wal_keep_size', 'shared_buffers', 'max_wal_size'];
  const shown = await ask(
    first,
    `select name, current_setting(name) as value from pg_settings where name = any('{${names}}')`,
  );
  expect(Object.fromEntries(shown.map(({ name, value }) => [name, value]))).toEqual({
    ...{ max_connections: '200', shared_buffers: '16MB' },
    ...{ wal_keep_size: '1GB', max_wal_size: '4GB' },
  });
});

it('roles and PgBouncer get the passwords that compose is told, once and again', async () => {
  for (const role of databaseRoles) await ask(first, `create role sotto_${role} login`);
  const { logins } = readMachine({ POSTGRES_HOST: first, POSTGRES_PASSWORD: password });
  for (const _ of [1, 2]) expect(await scripts.start(logins, common).ended).toBe(0);
  for (const name of [...databaseRoles, 'pooler']) {
    const login = {
      user: `sotto_${name}`,
      password: `given-${name.toUpperCase()}_DATABASE_PASSWORD`,
    };
    expect(await ask(first, 'select', login)).toHaveLength(1);
  }
});

it('who has another password than the standby copies nothing, and ends', async () => {
  const machine = start({ own: second, of: first, given: 'another' });
  expect(await machine.ended).not.toBe(0);
  expect(machine.log()).toContain('password authentication failed for user "sotto_standby"');
  for (const folder of [second, `${second}.copy`]) {
    expect(existsSync(join(data, folder, 'PG_VERSION'))).toBe(false);
  }
});

/** As when the machine is switched off meanwhile, once now and once when copies were made in place. */
async function cutOffCopy(): Promise<void> {
  const inItsPlace = join(scripts.folder, 'bin/pg_basebackup');
  const half = `#!/bin/sh
for word; do case $word in --pgdata=*) echo 18 > "\${word#*=}/PG_VERSION" ;; esac; done
kill -9 $$
`;
  writeFileSync(inItsPlace, half, { mode: 0o755 });
  expect(await start({ own: second, of: first }).ended).not.toBe(0);
  rmSync(inItsPlace);
  mkdirSync(join(data, second), { recursive: true });
  writeFileSync(join(data, second, 'half'), 'a copy');
}

it(
  'a standby copies the primary, anew if it was cut off, and is waited for once it follows',
  async () => {
    await cutOffCopy();
    const settings = [
      `synchronous_standby_names = 'standby'`,
      'log_replication_commands = on',
      `log_line_prefix = '%a '`,
    ];
    for (const setting of settings) await ask(first, `alter system set ${setting}`);
    await ask(first, 'select pg_reload_conf()');
    const machine = start({ own: second, of: first });
    await machine.until(async () => (await ask(second, 'select')).length === 1);
    await machine.until(isWaitedFor);
    expect(await followers()).toEqual([waitedFor]);
    // What copies bears another name: it would be waited for instead, and what is confirmed be on one disk.
    const commands = /^(\S+) LOG: +received replication command: (BASE_BACKUP|START_REPLICATION)/gm;
    const asked = Array.from(primary.log().matchAll(commands), ([, who, what]) => `${who} ${what}`);
    expect([...new Set(asked)].toSorted()).toEqual([
      'pg_basebackup BASE_BACKUP',
      'pg_basebackup START_REPLICATION',
      'standby START_REPLICATION',
    ]);
    await ask(first, 'create table kept as select 1 as held');
    const copied = async () => (await ask(second, 'select held from kept')).length === 1;
    await machine.until(copied);
    await expect(ask(second, 'create table other ()')).rejects.toThrow('read-only');

    await machine.stop();
    const again = start({ own: second, of: first, given: 'needed no more' });
    await again.until(copied);
    await again.until(isWaitedFor);
    expect(await followers()).toEqual([waitedFor]);
  },
  slowMs,
);
