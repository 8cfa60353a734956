import { AppError } from '../domain/errors.ts';
import { insertAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import {
  endOpsSession,
  endOtherOpsSessions,
  listOpsSessions,
  type RunningSession,
} from '../store/ops-sessions.ts';
import { listOpsUsers, type OpsUser } from '../store/ops-users.ts';
import type { Actor } from './redrive-dead-letters.ts';
import { opsIdleMs, opsTotalMs } from './sign-in.ts';

export type { RunningSession } from '../store/ops-sessions.ts';
export type { OpsUser } from '../store/ops-users.ts';

interface Deps {
  readonly database: Pick<Database, 'transaction'>;
}

/** Who may sign in, and which sessions run. */
export interface People {
  readonly users: readonly OpsUser[];
  readonly sessions: readonly RunningSession[];
}

/** @param input.userId whose alone; undefined: everybody's, and the users too */
export async function readPeople(
  { database }: Deps,
  { userId }: { userId: string | undefined },
): Promise<People> {
  return database.transaction([], async (connection) => ({
    users: userId === undefined ? await listOpsUsers(connection) : [],
    sessions: await listOpsSessions(connection, {
      ...{ userId, idleMs: opsIdleMs, totalMs: opsTotalMs },
    }),
  }));
}

/**
 * Ends somebody's session: their next request asks them to sign in.
 *
 * @returns false when it had ended
 * @throws {AppError} `not_found` for one that never was, or ended long ago
 */
export async function endSession(
  { database }: Deps,
  { sessionId, ...by }: { sessionId: string } & Actor,
): Promise<boolean> {
  const { sessions } = await readPeople({ database }, { userId: undefined });
  const session = sessions.find(({ id }) => id === sessionId);
  if (!session) throw new AppError('not_found');
  return database.transaction([], async (connection) => {
    if (!(await endOpsSession(connection, sessionId))) return false;
    const subject = `${sessionId} of ${session.userId}`;
    await insertAudit(connection, { ...by, action: 'session.end', subject });
    return true;
  });
}

/** Ends all sessions of somebody but the one they do it from, and says how many. */
export async function signOutOthers(
  { database }: Deps,
  { userId, sessionId, actor }: { userId: string; sessionId: string; actor: string },
): Promise<number> {
  return database.transaction([], async (connection) => {
    const count = await endOtherOpsSessions(connection, { userId, butId: sessionId });
    if (count > 0) {
      const reason = 'their own';
      await insertAudit(connection, {
        ...{ actor, action: 'session.end', subject: `${count} of ${userId}`, reason },
      });
    }
    return count;
  });
}

/** That somebody asked for what their role may not do. */
export async function recordForbidden(
  { database }: Deps,
  { actor, route }: { actor: string; route: string },
): Promise<void> {
  await database.transaction([], (connection) =>
    insertAudit(connection, { actor, action: 'ops.forbidden', subject: route }),
  );
}
