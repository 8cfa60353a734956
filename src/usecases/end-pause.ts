import { hasGrownMuch } from '../domain/preview.ts';
import type { Database } from '../store/database.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { countHeldByPause, lockPause } from '../store/pause-measures.ts';
import { listActivePauses } from '../store/pauses.ts';
import type { Actor } from './redrive-dead-letters.ts';
import { resumeSending } from './resume-sending.ts';

export type PauseEnd =
  | { readonly kind: 'ended' }
  /** Somebody else ended it, or the button was pressed twice. */
  | { readonly kind: 'over' }
  /** Far more would go out than was shown. */
  | { readonly kind: 'grown' };

/**
 * Ends exactly the pause that was looked at, and not one that somebody began in its place since.
 *
 * @param input.shown how many reminders the preview said would go out
 */
export async function endPause(
  { database }: { database: Pick<Database, 'transaction' | 'query'> },
  { pauseId, shown, ...by }: { pauseId: string; shown: number } & Actor,
): Promise<PauseEnd> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, async (connection): Promise<PauseEnd> => {
    if (!(await lockPause(connection, pauseId))) return { kind: 'over' };
    const pause = (await listActivePauses(connection)).find(({ id }) => id === pauseId);
    if (!pause) return { kind: 'over' };
    const { organisationId, channel } = pause;
    const held = await countHeldByPause(connection, {
      pauseId,
      channel,
      organisationIds: organisationId === undefined ? organisationIds : [organisationId],
    });
    const heldCount = held.reduce((sum, { count }) => sum + count, 0);
    if (hasGrownMuch({ shown, now: heldCount })) return { kind: 'grown' };
    const ended = await resumeSending(
      { transaction: (work) => work(connection) },
      { organisationId, channel, ...by },
    );
    return { kind: ended ? 'ended' : 'over' };
  });
}
