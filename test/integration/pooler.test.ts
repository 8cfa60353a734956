import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { checkPooler } from '../../src/doctor/check-pooler.ts';
import { openCheckedDatabase } from '../../src/roles/checked-database.ts';
import { checkedQueueUrl } from '../../src/roles/checked-queue.ts';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { findPooler } from '../../src/store/pooler.ts';
import { databaseRoles } from '../../src/store/role-logins.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';

let database: TestDatabase;
let pooler: PgBouncer;
beforeAll(async () => {
  database = await createTestDatabase();
  const logins = [...Object.values(database.roleUrls), database.adminUrl];
  // Fewer than ask at once, so that whoever comes is given what another has just left.
  pooler = await startPgBouncer({ logins, settings: { default_pool_size: '2' } });
});
afterAll(async () => {
  await pooler?.stop();
  await database.drop();
});

const pooled = (role: (typeof databaseRoles)[number]) => pooler.through(database.roleUrls[role]);

describe('a role behind a pooler that works by transactions', () => {
  let opened: Database;
  beforeAll(async () => {
    const config = loadConfig({ DATABASE_URL: pooled('worker').reveal() });
    opened = await openCheckedDatabase(config, { role: 'worker', log: silentLog });
  });
  afterAll(() => opened.close());

  it.each(databaseRoles)('runs as %s, under the settings of its own', async (role) => {
    const config = loadConfig({ DATABASE_URL: pooled(role).reveal() });
    const own = await openCheckedDatabase(config, { role, log: silentLog });
    const [row] = await own.query(
      `select current_user, current_setting('statement_timeout') as statement,
         current_setting('idle_in_transaction_session_timeout') as idle,
         current_setting('plan_cache_mode') as plan, current_setting('jit') as jit`,
    );
    const isHot = role === 'worker' || role === 'scheduler';
    expect(row).toEqual({
      ...{ current_user: `sotto_${role}`, statement: '15s', idle: '30s' },
      plan: isHot ? 'force_generic_plan' : 'auto',
      ...{ jit: isHot ? 'off' : row?.jit },
    });
    await own.close();
  });

  it('sends named statements again and again, whoever else uses the same connections', async () => {
    const ask = async (value: number) => {
      const rows = await opened.query('select $1::int * 2 as doubled', [value], 'double it');
      return opened.transaction([], async (connection) => {
        const again = await connection.query({
          name: 'double it',
          text: 'select $1::int * 2 as doubled',
          values: [value],
        });
        return [rows[0]?.doubled, again.rows[0].doubled];
      });
    };
    const values = Array.from({ length: 60 }, (_, index) => index);
    expect(await Promise.all(values.map(ask))).toEqual(
      values.map((value) => [2 * value, 2 * value]),
    );
  });

  it('leaves no organisation bound to a connection that the next one is given', async () => {
    const one = crypto.randomUUID();
    const bound = `select current_setting('sotto.organisations', true) as ids`;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const inside = await opened.transaction([one], async (connection) => {
          return (await connection.query(bound)).rows[0].ids;
        });
        expect(inside).toBe(`{${one}}`);
        expect((await opened.query(bound))[0]?.ids ?? '').toBe('');
      }),
    );
  });
});

describe('what a pooler cannot carry', () => {
  it('is told of at the start of who would listen for bells through it', async () => {
    const config = loadConfig({ DATABASE_URL: pooled('worker').reveal() });
    await expect(checkedQueueUrl(config, silentLog)).rejects.toThrow(
      'DATABASE_DIRECT_URL: must lead past the pooler',
    );
    const both = loadConfig({
      DATABASE_URL: pooled('worker').reveal(),
      DATABASE_DIRECT_URL: database.roleUrls.worker.reveal(),
    });
    expect((await checkedQueueUrl(both, silentLog)).reveal()).toBe(
      database.roleUrls.worker.reveal(),
    );
  });

  it('is found by whoever looks at the set-up, with what to do', async () => {
    const [through, past] = [pooled('worker'), database.roleUrls.worker];
    const found = async (ways: Parameters<typeof checkPooler>[0]) =>
      (await checkPooler(ways)).map(({ severity, text }) => `${severity}: ${text}`);
    expect(await found({ DATABASE_URL: past })).toEqual([
      'fine: No pooler stands between processes and PostgreSQL.',
    ]);
    expect(await found({ DATABASE_URL: through })).toEqual([
      'problem: Who listens for bells is woken by nobody: a pooler stands between.',
    ]);
    const { keepsStatements } = await findPooler(through);
    expect(await found({ DATABASE_URL: through, DATABASE_DIRECT_URL: past })).toEqual([
      keepsStatements
        ? 'fine: The pooler keeps prepared statements, and bells come past it.'
        : 'warning: The pooler keeps no prepared statements: each is planned anew.',
    ]);
  });

  it('is not tried by who migrates, whose lock would stay with another', async () => {
    await expect(migrate(pooler.through(database.adminUrl))).rejects.toThrow('past it');
    expect(await migrate(database.adminUrl)).toEqual([]);
  });

  it('is not seen where there is none', async () => {
    expect(await findPooler(database.roleUrls.api)).toEqual({
      isThere: false,
      keepsStatements: true,
    });
  });
});
