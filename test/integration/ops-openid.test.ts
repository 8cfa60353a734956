import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { runOps } from '../../src/roles/ops.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { opsPassword, postForm } from '../support/ops-site.ts';
import { type CommandAnswer, sottoCommand } from '../support/sotto-command.ts';
import {
  type StaffProvider,
  staffAcr,
  staffClient,
  startStaffProvider,
} from '../support/staff-provider.ts';

let database: TestDatabase;
let provider: StaffProvider;
let ops: { close(): Promise<void> };
let url: string;
let sotto: (...words: string[]) => Promise<CommandAnswer>;

beforeAll(async () => {
  database = await createTestDatabase();
  sotto = sottoCommand(database);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  provider = await startStaffProvider(`${url}/login/return`);
  ops = await runOps(
    loadConfig({
      OPS_PORT: String(port),
      OPS_URL: url,
      DATABASE_URL: database.roleUrls.ops.reveal(),
      LOG_LEVEL: 'silent',
      OPS_OIDC_ISSUER: provider.issuer,
      OPS_OIDC_CLIENT_ID: staffClient.id,
      OPS_OIDC_CLIENT_SECRET: staffClient.secret,
      OPS_OIDC_ACR: staffAcr.two,
      OPS_OIDC_AMR: 'hwk mfa',
      OPS_OIDC_LOGIN_AGE_MINUTES: '10',
      OPS_PASSWORDS: 'off',
    }),
  );
  await sotto(
    ...['ops-user', 'create', '--name', 'anna', '--role', 'operator'],
    ...['--issuer', provider.issuer, '--subject', 'employee-7'],
  );
  await database.admin.query('truncate audit');
});
afterAll(async () => {
  await ops.close();
  await provider.close();
  await database.drop();
});
afterEach(() =>
  database.admin.query(
    'truncate audit; update ops_users set disabled_at = null, subject = $$employee-7$$',
  ),
);

/** A browser that keeps cookies and goes where it is sent. */
function browser() {
  const jars = new Map<string, Map<string, string>>();
  return async function go(address: string, form?: Record<string, string>): Promise<Response> {
    const { host } = new URL(address);
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(address, {
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
      headers: { cookie },
      redirect: 'manual',
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
}

const two = { acr: staffAcr.two, amr: 'pwd mfa' };

/** Goes through the provider as somebody, up to the address that it sends the browser back to. */
async function logIn(
  go: ReturnType<typeof browser>,
  form: Record<string, string>,
): Promise<string> {
  let answer = await go(`${url}/login/provider?next=${encodeURIComponent('/log?actor=anna')}`);
  for (let steps = 0; steps < 8; steps += 1) {
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`no way on: ${answer.status}`);
    const next = new URL(location, answer.url).href;
    if (next.startsWith(`${url}/login/return`)) return next;
    answer = await go(next);
    if (answer.status === 200) answer = await go(next, form);
  }
  throw new Error('too many steps');
}

const audited = async () =>
  (await database.admin.query('select actor, action, reason from audit order by id')).rows;

describe('signing in through the provider of logins', () => {
  it('lets in whoever is registered by issuer and subject, with their role here, and back to the page', async () => {
    const go = browser();
    const back = await logIn(go, { account: 'employee-7', ...two });
    const answer = await go(back);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/log?actor=anna');
    const page = await (await go(`${url}/people`)).text();
    expect(page).toContain('provider of logins');
    expect(await audited()).toEqual([{ actor: 'anna', action: 'ops.sign_in', reason: null }]);
    expect(JSON.stringify(await audited())).not.toContain('employee-7');

    // The same answer opens nothing once more, and nothing in another browser.
    expect((await go(back)).status).toBe(401);
    expect((await browser()(back)).status).toBe(401);
  });

  it.each([
    ['somebody who is not registered', { account: 'employee-8', ...two }, 'unregistered'],
    ['a weaker login', { account: 'employee-7', acr: staffAcr.one, amr: 'mfa' }, 'acr_too_low'],
    [
      'a login the wrong way',
      { account: 'employee-7', acr: staffAcr.two, amr: 'pwd' },
      'amr_missing',
    ],
    ['one that is too old', { account: 'employee-7', ...two, age: '900' }, ''],
    ['one that was broken off', { account: '' }, 'access_denied'],
  ])('lets in nobody for %s, and writes that down without who it was', async (_, form, code) => {
    const go = browser();
    const answer = await go(await logIn(go, form));
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie().join()).not.toContain('ops-session');
    expect((await go(`${url}/`)).status).toBe(303);
    const lines = await audited();
    expect(lines).toMatchObject([{ actor: 'nobody known', action: 'ops.sign_in_refused' }]);
    expect(lines[0].reason).toContain(`provider: ${code}`);
    expect(JSON.stringify(lines)).not.toContain('employee');
  });

  it('takes no answer that another browser asked for, nor one with another state', async () => {
    const [mine, theirs] = [browser(), browser()];
    const back = await logIn(theirs, { account: 'employee-7', ...two });
    await mine(`${url}/login/provider`);
    expect((await mine(back)).status).toBe(401);
    const changed = new URL(back);
    changed.searchParams.set('state', 'x'.repeat(43));
    expect((await theirs(changed.href)).status).toBe(401);
  });

  it('keeps out who is disabled or is that no more, and ends their sessions', async () => {
    const go = browser();
    await go(await logIn(go, { account: 'employee-7', ...two }));
    expect((await go(`${url}/log`)).status).toBe(200);
    const unlinked = await sotto('ops-user', 'unlink', 'anna');
    expect(unlinked.code).toBe(0);
    expect((await go(`${url}/log`)).status).toBe(303);
    expect((await go(await logIn(go, { account: 'employee-7', ...two }))).status).toBe(401);
    await sotto('ops-user', 'link', 'anna', '--issuer', provider.issuer, '--subject', 'employee-7');
    expect((await go(await logIn(go, { account: 'employee-7', ...two }))).status).toBe(303);
    await sotto('ops-user', 'disable', 'anna');
    expect((await go(`${url}/log`)).status).toBe(303);
    expect((await go(await logIn(go, { account: 'employee-7', ...two }))).status).toBe(401);
  });

  it('is the only way where passwords are switched off', async () => {
    const page = await (await fetch(`${url}/login`)).text();
    expect(page).toContain('Sign in with your organisation');
    expect(page).not.toContain('type="password"');
    const answer = await postForm(`${url}/login`, { user: 'anna', password: opsPassword });
    expect(answer.status).toBe(403);
  });
});

it('is refused at the start where nobody could come in, or half of it is said', () => {
  expect(() => loadConfig({ OPS_PASSWORDS: 'off' })).toThrow('OPS_PASSWORDS');
  expect(() => loadConfig({ OPS_OIDC_ISSUER: 'https://login.example' })).toThrow(
    'OPS_OIDC_CLIENT_ID',
  );
  expect(() => loadConfig({ OPS_OIDC_ISSUER: 'http://login.example' })).toThrow('https://');
});
