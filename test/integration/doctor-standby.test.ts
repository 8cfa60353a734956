import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkStandby } from '../../src/doctor/check-standby.ts';
import { Secret } from '../../src/domain/secret.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startTestPostgres, type TestPostgres } from '../support/embedded-postgres.ts';
import { followedSettings, startStandby } from '../support/postgres-standby.ts';
import { waitFor } from '../support/wait-for.ts';

let primary: TestPostgres;
let standby: TestPostgres | undefined;
let admin: pg.Pool;

beforeAll(async () => {
  primary = await startTestPostgres({ settings: { ...followedSettings, fsync: 'off' } });
  admin = new pg.Pool({ connectionString: primary.adminUrl.reveal(), max: 2 });
  await admin.query(`create role stranger login password 'stranger'`);
});
afterAll(async () => {
  await admin?.end();
  await standby?.stop();
  await primary?.stop();
});

async function look({ adminUrl }: TestPostgres = primary, user?: string) {
  const url = new URL(adminUrl.reveal());
  if (user) Object.assign(url, { username: user, password: user });
  const one = { connectionsMax: 1, applicationName: 'sotto doctor' };
  const database = openDatabase({ url: new Secret(url.href), ...one });
  return checkStandby({ database }).finally(() => database.close());
}

async function waitForNames(names: string): Promise<void> {
  await admin.query(`alter system set synchronous_standby_names = '${names}'`);
  await admin.query('select pg_reload_conf()');
  await waitFor(async () => {
    const { rows } = await admin.query('show synchronous_standby_names');
    return rows[0].synchronous_standby_names === names;
  });
}

const saying = (severity: string, words: string) =>
  expect.objectContaining({ severity, text: expect.stringContaining(words) });

it('whether a standby is waited for is told, and is no fault where none is', async () => {
  expect(await look()).toEqual(saying('fine', 'No standby is waited for.'));
  standby = await startStandby(primary, { isSynchronous: false });
  expect(await look()).toEqual(saying('fine', 'may lack what was confirmed last'));
  expect(await look(standby)).toEqual(saying('problem', 'leads to a standby'));
});

it('one that is waited for and there is sound, and what undoes it is a problem', async () => {
  await waitForNames('ANY 1 (*)');
  const sound = 'What is confirmed is on the disk of 1 standby too.';
  await waitFor(async () => (await look()).text === sound);
  expect(await look(primary, 'stranger')).toEqual(saying('warning', 'may not see'));
  await admin.query('alter database postgres set synchronous_commit = local');
  expect(await look()).toEqual(saying('problem', 'synchronous_commit is local'));
  await admin.query('alter database postgres reset synchronous_commit');
  await waitForNames('FIRST 2 (*)');
  expect(await look()).toEqual(saying('problem', 'waits for 2 standbys, and has 1'));
});

it('while commits hang for want of it, that is said, and the way out is one', async () => {
  await waitForNames('*');
  await standby?.kill();
  const commit = admin.query('create table hanging ()');
  await waitFor(async () => {
    const hung = await admin.query(`select from pg_stat_activity where wait_event = 'SyncRep'`);
    return hung.rowCount === 1;
  });
  const found = await look();
  expect(found).toEqual(saying('problem', 'Nothing is confirmed'));
  for (const statement of /(alter system .*)$/.exec(found.mend ?? '')?.[1]?.split('; ') ?? []) {
    await admin.query(statement);
  }
  await commit;
  expect(await look()).toEqual(saying('fine', 'No standby is waited for.'));
});
