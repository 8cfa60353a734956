import { randomUUID } from 'node:crypto';
import { insertAudit } from '../store/audit.ts';
import type { AnyConnection } from '../store/database.ts';
import { insertPause, type PauseScope } from '../store/pauses.ts';

/** Runs in one transaction of whoever may pause: an administrator, or the ops role for an operator. */
export interface PauseDeps {
  transaction<T>(work: (connection: AnyConnection) => Promise<T>): Promise<T>;
}

/** What somebody did about a pause, as the audit keeps it. */
export interface PauseAction extends PauseScope {
  readonly actor: string;
  readonly reason: string;
}

/**
 * Stops sending until it is resumed: nothing more is taken from what is due. What a provider is being
 * handed at this moment still goes out; codes that a patient asks for do too.
 *
 * @returns false when exactly this is paused already, which leaves everything as it is
 * @throws {AppError} `not_found` when there is no such organisation
 */
export async function pauseSending(
  { transaction }: PauseDeps,
  { actor, reason, ...scope }: PauseAction,
): Promise<boolean> {
  return transaction(async (connection) => {
    if (!(await insertPause(connection, { id: randomUUID(), reason, ...scope }))) return false;
    await insertAudit(connection, {
      actor,
      action: 'sending.pause',
      organisationId: scope.organisationId,
      subject: pauseSubject(scope),
      reason,
    });
    return true;
  });
}

/** How the audit names what was paused or resumed. */
export function pauseSubject({ channel }: PauseScope): string {
  return `channel=${channel ?? 'all'}`;
}
