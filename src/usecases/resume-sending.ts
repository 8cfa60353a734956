import { insertAudit } from '../store/audit.ts';
import { endPause } from '../store/pauses.ts';
import { type PauseAction, type PauseDeps, pauseSubject } from './pause-sending.ts';

/**
 * Ends a pause of exactly this: one of an organisation's SMS is not ended by resuming everything.
 *
 * @param input.letGoAlone how many go out with it that nobody else approved, for the sum of an hour
 * @returns false when exactly this is not paused
 */
export async function resumeSending(
  { transaction }: PauseDeps,
  { actor, reason, letGoAlone = 0, ...scope }: PauseAction & { letGoAlone?: number },
): Promise<boolean> {
  return transaction(async (connection) => {
    if (!(await endPause(connection, scope))) return false;
    await insertAudit(connection, {
      actor,
      action: 'sending.resume',
      organisationId: scope.organisationId,
      subject: `${pauseSubject(scope)}${letGoAlone > 0 ? ` count=${letGoAlone}` : ''}`,
      reason,
    });
    return true;
  });
}
