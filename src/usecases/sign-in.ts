import { createHash, randomBytes } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { Secret } from '../domain/secret.ts';
import { networkOf } from '../keys/source-hash.ts';
import { insertAudit, insertNoAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import {
  deleteOpsSession,
  findOpsSession,
  insertOpsSession,
  type OpsSessionUser,
  type SignInProof,
} from '../store/ops-sessions.ts';
import { findOpsUser } from '../store/ops-users.ts';
import type { RefusalRecord } from './refusal-record.ts';
import type { SignInThrottle } from './sign-in-throttle.ts';

export type SignInResult =
  | { readonly kind: 'signed-in'; readonly token: Secret<string> }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'paused'; readonly waitMs: number };

export interface SignInDeps {
  readonly database: Database;
  readonly throttle: SignInThrottle;
  /** What of refusals of unknown names is written down. */
  readonly refusals: RefusalRecord;
  /** Takes as long without a hash as with one. */
  verifyPassword(password: Secret<string>, hash: string | undefined): Promise<boolean>;
}

const minuteMs = 60_000;
export const opsIdleMs = limits.opsSessionIdleMinutes * minuteMs;
export const opsTotalMs = limits.opsSessionTotalMinutes * minuteMs;

/**
 * Signs an operator in.
 *
 * Name and password are wrong together: a name that is not known takes the same time, counts the same
 * and reads the same. What was typed is kept nowhere; that somebody was refused is a line in the audit.
 *
 * @param input.source the address it came from; kept in memory only, to slow it down
 * @throws {AppError} `rate_limited` when too many are being checked, `unavailable` without a database
 */
export async function signIn(
  deps: SignInDeps,
  input: { name: string; password: Secret<string>; source: string },
): Promise<SignInResult> {
  const { database, throttle } = deps;
  const who = { name: input.name, source: networkOf(input.source) };
  const waitMs = throttle.waitMs(who);
  if (waitMs > 0) return { kind: 'paused', waitMs };
  const found = await database.transaction([], (connection) => findOpsUser(connection, input));
  const user = found?.disabledAt === null ? found : undefined;
  const checked = await throttle.inTurn(async () => {
    // Those that waited with it may have been wrong in the meantime.
    const pausedMs = throttle.waitMs(who);
    if (pausedMs > 0) return { pausedMs };
    const hash = user?.passwordHash ?? undefined;
    const isRight = await deps.verifyPassword(input.password, hash);
    throttle.note(who, isRight && hash ? 'right' : 'wrong');
    return {
      pausedMs,
      user: isRight && user && hash ? { ...user, passwordHash: hash } : undefined,
    };
  });
  if (checked.pausedMs > 0) return { kind: 'paused', waitMs: checked.pausedMs };
  if (!checked.user) await recordRefusal(deps, { user: found });
  const token =
    checked.user &&
    (await beginSession(database, checked.user, { passwordHash: checked.user.passwordHash }));
  return token ? { kind: 'signed-in', token } : { kind: 'wrong' };
}

/**
 * Of a name that nobody has, what was typed is not kept: it may be a password in the wrong field. Nor is every
 * line of it kept, and one that is not takes as long: else who sees how long it takes knows whom there is.
 */
export async function recordRefusal(
  { database, refusals }: Pick<SignInDeps, 'database' | 'refusals'>,
  {
    user,
    code,
  }: { user?: { readonly id: string; readonly name: string } | undefined; code?: string },
): Promise<void> {
  const unwritten = user ? 0 : refusals.take();
  const insert = unwritten === undefined ? insertNoAudit : insertAudit;
  await database.transaction([], (connection) =>
    insert(connection, {
      actor: user?.name ?? 'nobody known',
      action: 'ops.sign_in_refused',
      subject: user?.id ?? `unwritten before: ${unwritten ?? 0}`,
      reason: code,
    }),
  );
}

/** Undefined when, since the proof was checked, it was replaced or its user disabled. */
export async function beginSession(
  database: Database,
  { id: userId, name }: { id: string; name: string },
  proof: SignInProof,
): Promise<Secret<string> | undefined> {
  const token = randomBytes(32).toString('base64url');
  return database.transaction([], async (connection) => {
    const session = { tokenHash: hashOf(token), userId, proof, totalMs: opsTotalMs };
    if (!(await insertOpsSession(connection, session))) return undefined;
    await insertAudit(connection, { actor: name, action: 'ops.sign_in', subject: userId });
    return new Secret(token);
  });
}

/**
 * Who the session of a cookie belongs to; undefined when it has ended or never was.
 *
 * @param use.isClick whether a person asks: a page that asks for itself keeps no session alive
 */
export async function findVisitor(
  { database }: { database: Database },
  token: Secret<string>,
  { isClick }: { isClick: boolean },
): Promise<OpsSessionUser | undefined> {
  return findOpsSession(database, {
    tokenHash: hashOf(token.reveal()),
    idleMs: opsIdleMs,
    totalMs: opsTotalMs,
    isClick,
  });
}

export async function signOut(
  { database }: { database: Database },
  token: Secret<string>,
): Promise<void> {
  await deleteOpsSession(database, hashOf(token.reveal()));
}

/** At rest a session is the hash of its token: who reads the table cannot use it. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
