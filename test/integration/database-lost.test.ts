import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppError } from '../../src/domain/errors.ts';
import { administer } from '../../src/store/administration.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let proxy: CuttingProxy;
let database: Database;
const once = { connectionsMax: 1, applicationName: 'test lost' };

beforeAll(async () => {
  db = await createTestDatabase();
  proxy = await startCuttingProxy(db.roleUrls.worker);
  database = openDatabase({ ...once, url: proxy.url });
});
afterAll(async () => {
  await database.close();
  await proxy.close();
  await db.drop();
});

const read = (from = database) =>
  from.transaction([], async (connection) => {
    const { rows } = await connection.query('select pg_backend_pid() as pid');
    return rows[0].pid as number;
  });

it('a connection that answers nothing any more is waited for once, and replaced', async () => {
  const hasty = openDatabase({ ...once, url: proxy.url, statementTimeoutMs: 500 });
  const before = await read(hasty);
  proxy.stallAfter('commit');
  // One wait is 2.5 s; waiting for the rollback too would make it five. Both clocks are this process's:
  // where it stands still, what is over first is still told first.
  const tooLate = wait(4_500, 'too late');
  const end = read(hasty).catch((error: AppError) => error.code);
  expect(await Promise.race([end, tooLate])).toBe('unavailable');
  expect(await read(hasty)).not.toBe(before);
  await hasty.close();
});

it('a server that may not write any more is away, and its connection is not used again', async () => {
  const before = await read();
  const write = database.transaction([], async (connection) => {
    await connection.query('set transaction read only');
    await connection.query('insert into heartbeats (name, instance, version) values ($1, $1, $1)', [
      'lost',
    ]);
  });
  await expect(write).rejects.toMatchObject({ code: 'unavailable' });
  expect(await read()).not.toBe(before);
});

it('an error of a statement’s own costs no connection', async () => {
  const before = await read();
  const wrong = database.transaction([], (connection) => connection.query('select 1 / 0'));
  await expect(wrong).rejects.toMatchObject({ code: '22012' });
  expect(await read()).toBe(before);
});

it('a transaction whose error was kept quiet is no success', async () => {
  const quiet = database.transaction([], async (connection) => {
    await connection.query('select 1 / 0').catch(() => {});
    return 'stored';
  });
  await expect(quiet).rejects.toThrow('not committed');
  expect(await read()).toBeGreaterThan(0);
});

describe('an administrator', () => {
  it('who acts as a role waits no longer than that role', async () => {
    const acting = openDatabase({
      ...{ url: db.adminUrl, connectionsMax: 1, applicationName: 'test acting', actAs: 'ops' },
      statementTimeoutMs: 300,
    });
    const settings = await acting.query(
      `select current_user, current_setting('statement_timeout') as statement,
         current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    expect(settings).toEqual([{ current_user: 'sotto_ops', statement: '300ms', idle: '30s' }]);
    await administer(db.adminUrl, async (holder) => {
      await holder.query('lock table pauses in access exclusive mode');
      const waiting = acting.query('select id from pauses');
      // By the server's word: the client's own would be two seconds later.
      await expect(waiting).rejects.toMatchObject({ cause: { code: '57014' } });
    });
    await acting.close();
  });

  it('waits for no lock for ever, not even where a statement may take as long as it takes', async () => {
    const settings = await administer(db.adminUrl, async (connection) => {
      await connection.query('set local statement_timeout = 0');
      const { rows } = await connection.query(
        `select current_setting('lock_timeout') as lock,
           current_setting('idle_in_transaction_session_timeout') as idle`,
      );
      return rows;
    });
    expect(settings).toEqual([{ lock: '15s', idle: '1min' }]);
  });
});
