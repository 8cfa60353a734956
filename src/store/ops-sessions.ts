import type { OpsRole } from '../domain/ops-role.ts';
import type { Connection, Database } from './database.ts';
import type { OpsLogin } from './ops-users.ts';

/** Whose session it is. */
export interface OpsSessionUser {
  readonly id: string;
  readonly name: string;
  readonly role: OpsRole;
  readonly sessionId: string;
}

/** How somebody signed in. */
export type SignInWay = 'password' | 'openid';

/** A session that runs, as people may see it: not what its cookie is. */
export interface RunningSession {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly way: SignInWay;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

/**
 * The user of a session that still runs.
 *
 * Nothing is remembered between requests: a user who is disabled is out with the next one. When somebody
 * last clicked is written at most once a minute.
 */
export async function findOpsSession(
  database: Pick<Database, 'query'>,
  {
    tokenHash,
    idleMs,
    totalMs,
    isClick,
  }: { tokenHash: Buffer; idleMs: number; totalMs: number; isClick: boolean },
): Promise<OpsSessionUser | undefined> {
  const [row] = await database.query<OpsSessionUser & { stale: boolean }>(
    `select u.id, u.name, u.role, s.id as "sessionId", s.last_seen_at < clock_timestamp() - interval '1 minute' as stale
     from ops_sessions s join ops_users u on u.id = s.user_id
     where s.token_hash = $1 and u.disabled_at is null
       and s.last_seen_at > clock_timestamp() - $2::float8 * interval '1 millisecond'
       and s.created_at > clock_timestamp() - $3::float8 * interval '1 millisecond'`,
    [tokenHash, idleMs, totalMs],
  );
  if (!row) return undefined;
  if (row.stale && isClick) {
    await database.query(
      'update ops_sessions set last_seen_at = clock_timestamp() where token_hash = $1',
      [tokenHash],
    );
  }
  return { id: row.id, name: row.name, role: row.role, sessionId: row.sessionId };
}

/** Those that still run, of one user or of all, the newest first. */
export async function listOpsSessions(
  connection: Connection,
  { userId, idleMs, totalMs }: { userId?: string | undefined; idleMs: number; totalMs: number },
): Promise<RunningSession[]> {
  const { rows } = await connection.query<RunningSession>(
    `select s.id, s.user_id as "userId", u.name, s.way, s.created_at as "createdAt",
       s.last_seen_at as "lastSeenAt"
     from ops_sessions s join ops_users u on u.id = s.user_id
     where u.disabled_at is null and ($1::uuid is null or s.user_id = $1)
       and s.last_seen_at > clock_timestamp() - $2::float8 * interval '1 millisecond'
       and s.created_at > clock_timestamp() - $3::float8 * interval '1 millisecond'
     order by s.created_at desc limit 500`,
    [userId ?? null, idleMs, totalMs],
  );
  return rows;
}

/** Ends a session for whoever it is of; false when it has ended. */
export async function endOpsSession(connection: Connection, id: string): Promise<boolean> {
  const { rowCount } = await connection.query('delete from ops_sessions where id = $1', [id]);
  return rowCount === 1;
}

/** Ends all sessions of a user but one, and says how many. */
export async function endOtherOpsSessions(
  connection: Connection,
  { userId, butId }: { userId: string; butId: string },
): Promise<number> {
  const { rowCount } = await connection.query(
    'delete from ops_sessions where user_id = $1 and id <> $2',
    [userId, butId],
  );
  return rowCount ?? 0;
}

/** The hash of the password that was right, or whom the provider of logins named. */
export type SignInProof =
  | { readonly passwordHash: string; readonly login?: never }
  | { readonly login: OpsLogin; readonly passwordHash?: never };

/**
 * Begins a session, and clears away those that ended long ago.
 *
 * @param session.proof what was checked. Whoever replaces it waits for us, and ends our session too; or was
 *   first, and there is none.
 * @returns false when the user has another password or login by now, or is disabled
 */
export async function insertOpsSession(
  connection: Connection,
  session: { tokenHash: Buffer; userId: string; proof: SignInProof; totalMs: number },
): Promise<boolean> {
  const { tokenHash, userId, proof, totalMs } = session;
  const { passwordHash, login } = proof;
  await connection.query(
    `delete from ops_sessions
     where created_at < clock_timestamp() - $1::float8 * interval '1 millisecond'`,
    [totalMs],
  );
  const { rowCount } = await connection.query(
    `insert into ops_sessions (token_hash, user_id, way)
     select $1, u.id, case when $3::text is null then 'openid' else 'password' end from ops_users u
     where u.id = $2 and u.disabled_at is null
       and (u.password_hash = $3 or ($3::text is null and u.issuer = $4 and u.subject = $5)) for share`,
    [
      tokenHash,
      userId,
      passwordHash ?? null,
      login?.issuer ?? null,
      login?.subject.reveal() ?? null,
    ],
  );
  return rowCount === 1;
}

export async function deleteOpsSession(
  database: Pick<Database, 'query'>,
  tokenHash: Buffer,
): Promise<void> {
  await database.query('delete from ops_sessions where token_hash = $1', [tokenHash]);
}
