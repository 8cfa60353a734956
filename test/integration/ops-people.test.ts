import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type OpsSite, signInAt, startOpsSite } from '../support/ops-site.ts';
import { sottoCommand } from '../support/sotto-command.ts';

let database: TestDatabase;
let ops: OpsSite;
beforeAll(async () => {
  database = await createTestDatabase();
  ops = await startOpsSite(database);
});
afterAll(async () => {
  await ops.close();
  await database.drop();
});

const sessionsOn = (page: string) =>
  Array.from(page.matchAll(/\/people\/sessions\/([0-9a-f-]{36})"/g), ([, id = '']) => id);
const get = (cookie: string) =>
  fetch(`${ops.url}/log`, { headers: { cookie }, redirect: 'manual' });

describe('sessions', () => {
  it('are seen by an admin, and ended at once, with a reason that stands in the audit', async () => {
    const admin = await ops.visit('admin');
    const other = await ops.visit('viewer');
    const page = await (await admin.get('/people')).text();
    expect(page).toContain(other.name);
    const { rows } = await database.admin.query(
      'select s.id from ops_sessions s join ops_users u on u.id = s.user_id where u.name = $1',
      [other.name],
    );
    const { id } = rows[0];
    expect(sessionsOn(page)).toContain(id);
    expect((await other.get('/log')).status).toBe(200);
    const unexplained = await admin.post(`/people/sessions/${id}/end`, {}, '/people');
    expect(unexplained.status).toBe(422);
    const ended = await admin.post(
      `/people/sessions/${id}/end`,
      { reason: 'laptop lost' },
      '/people',
    );
    expect(ended.headers.get('location')).toMatch(/^\/people\?at=\d+&done=ended$/);
    expect((await other.get('/log')).status).toBe(303);
    const lines = await database.admin.query(
      `select actor, reason from audit where action = 'session.end'`,
    );
    expect(lines.rows).toEqual([{ actor: admin.name, reason: 'laptop lost' }]);
    expect((await admin.get(`/people/sessions/${id}`)).status).toBe(404);
  });

  it('show nobody but an admin those of others, nor what a cookie is', async () => {
    const mine = await ops.visit('operator');
    const admin = await ops.visit('admin');
    const page = await (await mine.get('/people')).text();
    expect(page).toContain(mine.name);
    expect(page).not.toContain(admin.name);
    const all = await (await admin.get('/people')).text();
    expect(all).not.toContain(mine.cookie.split('=')[1]);
  });

  it('of one’s own elsewhere are ended by oneself, this one stays', async () => {
    const { name, password } = await ops.addUser('viewer');
    const elsewhere = await signInAt(ops.url, { name, password });
    const here = await signInAt(ops.url, { name, password });
    const page = await (await fetch(`${ops.url}/people`, { headers: { cookie: here } })).text();
    const form = /name="form" value="([\w-]+)"/.exec(page)?.[1] ?? '';
    await fetch(`${ops.url}/people/sign-out-others`, {
      method: 'POST',
      headers: { cookie: here },
      body: new URLSearchParams({ form }),
      redirect: 'manual',
    });
    expect([(await get(elsewhere)).status, (await get(here)).status]).toEqual([303, 200]);
    const lines = await database.admin.query(
      `select action from audit where actor = $1 and action = 'session.end'`,
      [name],
    );
    expect(lines.rows).toHaveLength(1);
  });

  it('have another role with the next request, and what it may not do is written down', async () => {
    const [admin] = [await ops.visit('admin'), await ops.addUser('admin')];
    const sotto = sottoCommand(database);
    expect((await sotto('ops-user', 'role', admin.name, '--role', 'viewer')).code).toBe(0);
    const page = await (await admin.get('/people')).text();
    expect(sessionsOn(page)).toEqual([]);
    const refused = await admin.post('/controls/pause', {
      organisation: '',
      channel: '',
      reason: 'x y z',
    });
    expect(refused.status).toBe(403);
    const { rows } = await database.admin.query(
      `select subject from audit where action = 'ops.forbidden' and actor = $1`,
      [admin.name],
    );
    expect(rows).toEqual([{ subject: 'POST /controls/pause' }]);
  });
});
