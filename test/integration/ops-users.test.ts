import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { verifyPassword } from '../../src/keys/password.ts';
import { administer } from '../../src/store/administration.ts';
import type { AnyConnection, Connection } from '../../src/store/database.ts';
import { insertOpsSession } from '../../src/store/ops-sessions.ts';
import { findOpsUser, listOpsUsers } from '../../src/store/ops-users.ts';
import {
  changeOpsPassword,
  changeOpsRole,
  createOpsUser,
} from '../../src/usecases/create-ops-user.ts';
import { disableOpsUser } from '../../src/usecases/disable-ops-user.ts';
import { createRefusalRecord } from '../../src/usecases/refusal-record.ts';
import { signIn as signInAs } from '../../src/usecases/sign-in.ts';
import { createSignInThrottle } from '../../src/usecases/sign-in-throttle.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(() => database.admin.query('truncate ops_users, ops_sessions, audit'));

const journaled: JournalEntry[] = [];
const deps = {
  journal: { append: async (entry: JournalEntry) => void journaled.push(entry) },
  transaction: <T>(work: (connection: AnyConnection) => Promise<T>) =>
    administer(database.adminUrl, work),
};
const password = new Secret('correct horse battery');
const anna = { name: 'anna', role: 'operator', password, actor: 'tester' } as const;

const asOps = <T>(work: (connection: Connection) => Promise<T>) =>
  database.open('ops', 1).transaction([], work);

async function signIn() {
  await database.admin.query(
    'insert into ops_sessions (token_hash, user_id) select $1, id from ops_users',
    [randomBytes(32)],
  );
}
async function sessionCount() {
  return (await database.admin.query('select from ops_sessions')).rowCount;
}

describe('a name that nobody has', () => {
  it('takes what a known one takes, also when no more lines are written of it', async () => {
    await createOpsUser(deps, anna);
    const refusals = createRefusalRecord(() => 0);
    for (let line = 0; line < 30; line += 1) refusals.take();
    expect(refusals.take()).toBeUndefined();
    const signInOf = (name: string) =>
      signInAs(
        {
          ...{ database: database.open('ops', 1), refusals },
          throttle: createSignInThrottle(() => 0),
          verifyPassword: async () => false,
        },
        { name, password, source: '192.0.2.1' },
      );
    const linesOf = async () => {
      const { rows } = await database.admin.query(
        `select id::int, actor from audit where action = 'ops.sign_in_refused' order by id`,
      );
      return rows;
    };
    // Both wait for whoever writes a line at this moment, and go on when they have.
    const writer = await database.admin.connect();
    try {
      for (const name of ['anna', 'nobody-of-this-name']) {
        await writer.query('begin; select from audit_chain for update');
        const refused = signInOf(name);
        await waitFor(async () => {
          const waiting = await database.admin.query(
            `select from pg_stat_activity where wait_event_type = 'Lock'
               and datname = current_database() and query like 'insert into audit%'`,
          );
          return waiting.rowCount === 1;
        });
        await writer.query('rollback');
        expect(await refused, name).toEqual({ kind: 'wrong' });
      }
    } finally {
      await writer.query('rollback');
      writer.release();
    }
    expect(await linesOf()).toEqual([{ id: expect.any(Number), actor: 'anna' }]);
    // Nor is there a gap where the other one would stand.
    const [{ id: first }] = (await linesOf()) as [{ id: number }];
    await signInOf('anna');
    expect((await linesOf()).map(({ id }) => id)).toEqual([first, first + 1]);
  });
});

describe('a user of the ops pages', () => {
  it('is found by the ops role with a hash of the password, never the password', async () => {
    expect(await createOpsUser(deps, anna)).toBe(true);
    const found = await asOps((connection) => findOpsUser(connection, { name: 'anna' }));
    expect(found).toMatchObject({ name: 'anna', role: 'operator', disabledAt: null });
    expect(found?.passwordHash ?? undefined).not.toContain('correct');
    expect(await verifyPassword(password, found?.passwordHash ?? undefined)).toBe(true);
    expect(await asOps((connection) => findOpsUser(connection, { name: 'bob' }))).toBeUndefined();
  });

  it('keeps the name: a second one of it changes nothing', async () => {
    await createOpsUser(deps, anna);
    const again = { ...anna, role: 'admin', password: new Secret('another password') } as const;
    expect(await createOpsUser(deps, again)).toBe(false);
    const found = await asOps((connection) => findOpsUser(connection, { name: 'anna' }));
    expect(found?.role).toBe('operator');
    expect(await verifyPassword(password, found?.passwordHash ?? undefined)).toBe(true);
  });

  it('is signed out when disabled, and in again only with another password', async () => {
    await createOpsUser(deps, anna);
    await signIn();
    expect(await disableOpsUser(deps, { name: 'anna', actor: 'tester' })).toEqual({
      isJournaled: true,
    });
    expect(await sessionCount()).toBe(0);
    const [disabled] = await administer(database.adminUrl, listOpsUsers);
    expect(journaled).toEqual([{ kind: 'ops_user_disabled', userId: disabled?.id }]);
    expect(disabled?.disabledAt).toBeInstanceOf(Date);

    await signIn();
    const changed = new Secret('another password');
    expect(
      await changeOpsPassword(deps, { name: 'anna', password: changed, actor: 'tester' }),
    ).toEqual({ isJournaled: true });
    expect(journaled.slice(1)).toEqual([
      { kind: 'ops_user_sign_in', userId: disabled?.id, signIn: 'password' },
    ]);
    expect(await sessionCount()).toBe(0);
    const found = await asOps((connection) => findOpsUser(connection, { name: 'anna' }));
    expect(found?.disabledAt).toBeNull();
    expect(await verifyPassword(password, found?.passwordHash ?? undefined)).toBe(false);
    expect(await verifyPassword(changed, found?.passwordHash ?? undefined)).toBe(true);
  });

  it.each([
    ['given another password', changeOpsPassword],
    ['disabled', disableOpsUser],
  ])('is not signed in when %s while the old one was checked', async (_, change) => {
    await createOpsUser(deps, anna);
    const result = await signInAs(
      {
        database: database.open('ops', 1),
        refusals: createRefusalRecord(() => 0),
        throttle: createSignInThrottle(() => 0),
        async verifyPassword() {
          await change(deps, { ...anna, password: new Secret('another password') });
          return true;
        },
      },
      { name: 'anna', password, source: '192.0.2.1' },
    );
    expect(result).toEqual({ kind: 'wrong' });
    expect(await sessionCount()).toBe(0);
  });

  it('is signed out by another password also when a session was just being written', async () => {
    await createOpsUser(deps, anna);
    let changed: ReturnType<typeof changeOpsPassword> | undefined;
    await asOps(async (connection) => {
      const found = await findOpsUser(connection, { name: 'anna' });
      if (!found) throw new Error('no user');
      const session = { tokenHash: randomBytes(32), userId: found.id, totalMs: 1_000 };
      const proof = { passwordHash: found.passwordHash ?? '' };
      await insertOpsSession(connection, { ...session, proof });
      changed = changeOpsPassword(deps, { ...anna, password: new Secret('another password') });
      await waitFor(async () => {
        const waiting = await database.admin.query(
          `select from pg_locks where not granted and pid in
             (select pid from pg_stat_activity where datname = current_database())`,
        );
        return waiting.rowCount === 1;
      });
    });
    expect(await changed).toEqual({ isJournaled: true });
    expect(await sessionCount()).toBe(0);
  });

  it('that is the last admin stays one, also when two take that role from each other at once', async () => {
    const names = ['anna', 'bert'];
    for (const name of names) await createOpsUser(deps, { ...anna, name, role: 'admin' });
    // Each has read that the other is an admin before either writes.
    const lower = (name: string) => changeOpsRole(deps, { name, role: 'viewer', actor: 'tester' });
    const ends = await Promise.all(names.map(lower));
    expect(ends).toContainEqual({ isJournaled: true });
    expect(ends).toContain('last_admin');
    const roles = (await administer(database.adminUrl, listOpsUsers)).map(({ role }) => role);
    expect(roles.toSorted()).toEqual(['admin', 'viewer']);
    const raised = await changeOpsRole(deps, { name: 'anna', role: 'admin', actor: 'tester' });
    expect(raised).toEqual({ isJournaled: true });
  });

  it('is given three roles at once: the journal ends with the one that stands', async () => {
    // Else whoever is lowered last is the last admin, and stays one.
    await createOpsUser(deps, { ...anna, name: 'bea', role: 'admin' });
    await createOpsUser(deps, anna);
    const first = journaled.length;
    const roles = ['viewer', 'admin', 'operator'] as const;
    await Promise.all(
      roles.map((role) => changeOpsRole(deps, { name: 'anna', role, actor: 'tester' })),
    );
    const users = await administer(database.adminUrl, listOpsUsers);
    const user = users.find(({ name }) => name === 'anna');
    const given = journaled.slice(first).filter((entry) => entry.kind === 'ops_user_role');
    expect(given).toHaveLength(3);
    expect(given.at(-1)).toMatchObject({ userId: user?.id, role: user?.role });
  });

  it('leaves a line in the audit for each change, without the password', async () => {
    await createOpsUser(deps, anna);
    await disableOpsUser(deps, { name: 'anna', actor: 'tester' });
    await changeOpsPassword(deps, { name: 'anna', password, actor: 'tester' });
    const { rows } = await database.admin.query('select * from audit order by id');
    expect(rows.map(({ actor, action }) => [actor, action])).toEqual([
      ['tester', 'ops_user.create'],
      ['tester', 'ops_user.disable'],
      ['tester', 'ops_user.password'],
    ]);
    expect(JSON.stringify(rows)).not.toContain('correct');
  });

  it('that is not there can be neither disabled nor given a password', async () => {
    expect(await disableOpsUser(deps, { name: 'nobody', actor: 'tester' })).toBe(false);
    expect(await changeOpsPassword(deps, { name: 'nobody', password, actor: 'tester' })).toBe(
      false,
    );
  });
});
