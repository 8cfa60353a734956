import { randomUUID } from 'node:crypto';
import { loadConfig } from '../../config/env.ts';
import type { OpsRole } from '../../src/domain/ops-role.ts';
import { Secret } from '../../src/domain/secret.ts';
import { hashPassword } from '../../src/keys/password.ts';
import { runOps } from '../../src/roles/ops.ts';
import type { TestDatabase } from './database.ts';
import { freePort } from './free-port.ts';
import { type RoleProcess, startRoleProcess } from './worker-process.ts';

/** The real ops role over a test's own database. */
export interface OpsSite {
  readonly url: string;
  /** Makes a user of this role. */
  addUser(role: OpsRole): Promise<{ name: string; password: string }>;
  /** Somebody of this role, signed in by the form. */
  visit(role: OpsRole): Promise<OpsClient>;
  close(): Promise<void>;
}

/** A browser without script that is signed in. */
export interface OpsClient {
  readonly name: string;
  readonly cookie: string;
  get(path: string): Promise<Response>;
  /** Sends a form as the page at `from` would, with the token that this page holds. */
  post(path: string, fields: Record<string, string>, from?: string): Promise<Response>;
  /** The same session at another process of the role. */
  at(url: string): OpsClient;
}

export const opsPassword = 'correct horse battery staple';

export async function startOpsSite(
  database: TestDatabase,
  settings: Record<string, string> = {},
): Promise<OpsSite> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const ops = await runOps(
    loadConfig({
      OPS_PORT: String(port),
      OPS_URL: url,
      DATABASE_URL: database.roleUrls.ops.reveal(),
      LOG_LEVEL: 'silent',
      ...settings,
    }),
  );

  return {
    url,
    addUser: (role) => addOpsUser(database.admin, role),
    visit: async (role) => visitOps(url, await addOpsUser(database.admin, role)),
    close: () => ops.close(),
  };
}

/** @param admin whoever may write every table */
export async function addOpsUser(
  admin: { query(text: string, values: string[]): Promise<unknown> },
  role: OpsRole,
): Promise<{ name: string; password: string }> {
  const name = `${role}-${randomUUID().slice(0, 8)}`;
  const hash = await hashPassword(new Secret(opsPassword));
  await admin.query(
    'insert into ops_users (id, name, role, password_hash) values ($1, $2, $3, $4)',
    [...[randomUUID(), name, role, hash]],
  );
  return { name, password: opsPassword };
}

/**
 * Signs somebody in by the form.
 *
 * @param always sent with every form, as a browser would
 */
export async function visitOps(
  url: string,
  user: { name: string; password: string },
  always: Record<string, string> = {},
): Promise<OpsClient> {
  const cookie = await signInAt(url, user, always);
  return clientOf(url, { name: user.name, cookie, always });
}

/** The same role as a process of its own, which a test may kill. */
export async function startOpsProcess(
  database: TestDatabase,
  settings: Record<string, string> = {},
): Promise<RoleProcess & { readonly url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = startRoleProcess('ops', {
    OPS_PORT: String(port),
    OPS_URL: url,
    DATABASE_URL: database.roleUrls.ops.reveal(),
    ...settings,
  });
  await started.ready;
  return { ...started, url };
}

/** @returns the cookie to send */
export async function signInAt(
  url: string,
  { name, password }: { name: string; password: string },
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await postForm(`${url}/login`, { user: name, password }, headers);
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
  if (answer.status !== 303 || !cookie) throw new Error(`signing in answered ${answer.status}`);
  return cookie;
}

export function postForm(
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers,
    redirect: 'manual',
  });
}

function clientOf(
  url: string,
  { name, cookie, always }: { name: string; cookie: string; always: Record<string, string> },
): OpsClient {
  const get = (path: string) => fetch(`${url}${path}`, { headers: { cookie }, redirect: 'manual' });
  return {
    name,
    cookie,
    get,
    async post(path, fields, from = '/') {
      const page = await (await get(from)).text();
      const form = /name="form" value="([\w-]+)"/.exec(page)?.[1] ?? '';
      return postForm(`${url}${path}`, { form, ...fields }, { ...always, cookie });
    },
    at: (other) => clientOf(other, { name, cookie, always }),
  };
}
