import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { administer } from '../../src/store/administration.ts';
import { createOpsUser } from '../../src/usecases/create-ops-user.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type OpsSite,
  opsPassword,
  postForm,
  signInAt,
  startOpsSite,
} from '../support/ops-site.ts';

let database: TestDatabase;
let ops: OpsSite;

beforeAll(async () => {
  database = await createTestDatabase();
  ops = await startOpsSite(database, { TRUSTED_PROXIES: '127.0.0.1' });
});
afterAll(async () => {
  await ops.close();
  await database.drop();
});

/** As if from elsewhere, so that what one test does wrong slows down no other. */
const from = (address: string) => ({ 'x-forwarded-for': address });

describe('the way in for operators', () => {
  it('leads whoever is not signed in to the form, and back to the page after it', async () => {
    const answer = await fetch(`${ops.url}/?mode=test`, { redirect: 'manual' });
    expect(answer.status).toBe(303);
    const location = answer.headers.get('location') ?? '';
    expect(location).toBe('/login?next=%2F%3Fmode%3Dtest');
    const form = await (await fetch(`${ops.url}${location}`)).text();
    expect(form).toContain('name="next" value="/?mode=test"');
    const { name, password } = await ops.addUser('viewer');
    const signedIn = await postForm(`${ops.url}/login`, {
      user: name,
      password,
      next: '/?mode=test',
    });
    expect(signedIn.status).toBe(303);
    expect(signedIn.headers.get('location')).toBe('/?mode=test');
  });

  it('leads nobody to another host', async () => {
    const { name: user, password } = await ops.addUser('viewer');
    for (const next of [
      '//evil.example',
      'https://evil.example',
      '/\\evil.example',
      'x',
      '/\n/a',
    ]) {
      const answer = await postForm(`${ops.url}/login`, { user, password, next });
      expect(answer.headers.get('location'), next).toBe('/');
    }
  });

  it('keeps its cookie from scripts and from other sites, and only its hash in the database', async () => {
    const { name, password } = await ops.addUser('viewer');
    const answer = await postForm(`${ops.url}/login`, { user: name, password });
    const [set = ''] = answer.headers.getSetCookie();
    expect(set).toMatch(/^ops-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const token = /=([\w-]{43})/.exec(set)?.[1] ?? '';
    const { rows } = await database.admin.query('select s::text as row from ops_sessions s');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('says the same of a wrong password, an unknown user and a disabled one', async () => {
    const known = await ops.addUser('admin');
    const disabled = await ops.addUser('admin');
    await database.admin.query('update ops_users set disabled_at = now() where name = $1', [
      disabled.name,
    ]);
    const tries = [
      { user: known.name, password: 'wrong password' },
      { user: 'nobody-of-this-name', password: opsPassword },
      { user: disabled.name, password: opsPassword },
    ];
    const pages = new Set<string>();
    for (const fields of tries) {
      const answer = await postForm(`${ops.url}/login`, fields, from('192.0.2.1'));
      expect(answer.status).toBe(401);
      pages.add(await answer.text());
    }
    expect(pages.size).toBe(1);
    for (const { user, password } of tries) {
      expect([...pages][0]).not.toContain(user);
      expect([...pages][0]).not.toContain(password);
    }
  });

  it('makes a source wait after five wrong passwords, the right one included, and no other', async () => {
    const { name: user, password } = await ops.addUser('operator');
    const wrong = { user, password: 'wrong password' };
    for (let count = 0; count < 5; count += 1) {
      const answer = await postForm(`${ops.url}/login`, wrong, from('192.0.2.2'));
      expect(answer.status).toBe(401);
    }
    const paused = await postForm(`${ops.url}/login`, { user, password }, from('192.0.2.2'));
    expect(paused.status).toBe(429);
    expect(Number(paused.headers.get('retry-after'))).toBeGreaterThan(10);
    expect(await paused.text()).toContain('too many wrong passwords');
    const other = await postForm(`${ops.url}/login`, { user, password }, from('192.0.2.3'));
    expect(other.status).toBe(303);
  });

  it('counts a household’s IPv6 addresses as one source, and tries at once like others', async () => {
    const { name: user } = await ops.addUser('operator');
    const tries = Array.from({ length: 20 }, (_, place) =>
      postForm(
        `${ops.url}/login`,
        { user, password: `wrong password ${place}` },
        from(`2001:db8:0:7::${place + 1}`),
      ),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    // Of two that are checked at once the second may begin before the first was wrong.
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(6);
    const other = await postForm(
      `${ops.url}/login`,
      { user, password: opsPassword },
      from('2001:db8:0:8::1'),
    );
    expect(other.status).toBe(303);
  });

  it('takes the longest password there may be, and what no text holds as a wrong one', async () => {
    const password = 'ä'.normalize('NFD').repeat(256);
    const name = 'long-winded';
    await createOpsUser(
      { transaction: (work) => administer(database.adminUrl, work) },
      { name, role: 'viewer', password: new Secret(password), actor: 'tester' },
    );
    expect((await postForm(`${ops.url}/login`, { user: name, password })).status).toBe(303);
    const wrong = { user: `${name}\0`, password };
    expect((await postForm(`${ops.url}/login`, wrong, from('192.0.2.4'))).status).toBe(401);
  });

  it('refuses a form that another site sent', async () => {
    const { name: user, password } = await ops.addUser('admin');
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ] as Record<string, string>[]) {
      const answer = await postForm(`${ops.url}/login`, { user, password }, headers);
      expect(answer.status).toBe(403);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });
});

describe('a session of an operator', () => {
  it('opens pages until it is signed out, and the cookie is worth nothing after that', async () => {
    const client = await ops.visit('viewer');
    const page = await client.get('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(await page.text()).toContain(client.name);
    expect((await client.post('/logout', {})).status).toBe(303);
    expect((await client.get('/')).status).toBe(303);
  });

  it('ends with the next request once its user is disabled', async () => {
    const client = await ops.visit('admin');
    expect((await client.get('/')).status).toBe(200);
    await database.admin.query('update ops_users set disabled_at = now() where name = $1', [
      client.name,
    ]);
    expect((await client.get('/')).status).toBe(303);
  });

  it.each([
    ['half an hour unused', 'last_seen_at', '31 minutes'],
    ['twelve hours in all', 'created_at', '12 hours 1 minute'],
  ])('ends after %s', async (_, column, age) => {
    const client = await ops.visit('viewer');
    expect((await client.get('/')).status).toBe(200);
    await database.admin.query(
      `update ops_sessions set ${column} = now() - $2::interval
       where user_id = (select id from ops_users where name = $1)`,
      [client.name, age],
    );
    expect((await client.get('/')).status).toBe(303);
  });

  it('goes on by the clicks of a person, and not by a page that asks for itself', async () => {
    const client = await ops.visit('admin');
    const page = await (await client.get('/?mode=test')).text();
    const [, itself = ''] = /http-equiv="refresh" content="\d+; url=([^"]+)"/.exec(page) ?? [];
    const idle = `last_seen_at < now() - interval '20 minutes'`;
    const seen = async () => {
      const { rows } = await database.admin.query(
        `select ${idle} as idle from ops_sessions
         where user_id = (select id from ops_users where name = $1)`,
        [client.name],
      );
      return rows.map((row) => row.idle);
    };
    await database.admin.query(
      `update ops_sessions set last_seen_at = now() - interval '25 minutes'
       where user_id = (select id from ops_users where name = $1)`,
      [client.name],
    );
    const polled = '/queues/api/queues?activeQueue=bells&page=1&jobsPerPage=10';
    for (const path of [itself.replaceAll('&amp;', '&'), polled]) {
      expect((await client.get(path)).status, path).not.toBe(303);
      expect(await seen(), path).toEqual([true]);
    }
    expect(itself).toContain('mode=test');
    expect((await client.get('/?mode=test')).status).toBe(200);
    expect(await seen()).toEqual([false]);
  });

  it('changes nothing without a form of its own', async () => {
    const client = await ops.visit('admin');
    const foreign = await ops.visit('admin');
    const page = await (await foreign.get('/')).text();
    const form = /name="form" value="([\w-]+)"/.exec(page)?.[1] ?? '';
    for (const fields of [{}, { form: '' }, { form }] as Record<string, string>[]) {
      const answer = await postForm(`${ops.url}/logout`, fields, { cookie: client.cookie });
      expect(answer.status).toBe(403);
    }
    expect((await client.get('/')).status).toBe(200);
    const unknown = await postForm(`${ops.url}/logout`, {}, { cookie: 'ops-session=x' });
    expect(unknown.status).toBe(401);
  });

  it('is in the audit trail from its beginning', async () => {
    const user = await ops.addUser('viewer');
    await signInAt(ops.url, user);
    const { rows } = await database.admin.query('select action from audit where actor = $1', [
      user.name,
    ]);
    expect(rows).toEqual([{ action: 'ops.sign_in' }]);
  });
});
