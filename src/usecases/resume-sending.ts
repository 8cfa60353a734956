import { insertAudit } from '../store/audit.ts';
import { endPause } from '../store/pauses.ts';
import { type PauseAction, type PauseDeps, pauseSubject } from './pause-sending.ts';

/**
 * Ends a pause of exactly this: one of an organisation's SMS is not ended by resuming everything.
 *
 * @param input.pauseId the one that was looked at, so that another, begun in its place since, stays
 * @returns false when exactly this is not paused
 */
export async function resumeSending(
  { transaction }: PauseDeps,
  { actor, reason, ...scope }: PauseAction & { pauseId?: string | undefined },
): Promise<boolean> {
  return transaction(async (connection) => {
    if (!(await endPause(connection, scope))) return false;
    await insertAudit(connection, {
      actor,
      action: 'sending.resume',
      organisationId: scope.organisationId,
      subject: pauseSubject(scope),
      reason,
    });
    return true;
  });
}
