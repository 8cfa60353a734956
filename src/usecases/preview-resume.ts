import {
  countHeldReminders,
  type HeldReminders,
  listActivePauses,
  type Pause,
  type PauseScope,
} from '../store/pauses.ts';
import type { PauseDeps } from './pause-sending.ts';

export interface ResumePreview {
  /** The pause that would end; undefined when exactly this is not paused. */
  readonly pause: Pause | undefined;
  readonly held: readonly HeldReminders[];
  /** Every other pause, which stays. */
  readonly others: readonly Pause[];
}

/** What resuming exactly this would let go, told before it is done. Nothing changes. */
export async function previewResume(
  { transaction }: PauseDeps,
  scope: PauseScope,
): Promise<ResumePreview> {
  return transaction(async (connection) => {
    const pauses = await listActivePauses(connection);
    const pause = pauses.find(
      ({ organisationId, channel }) =>
        organisationId === scope.organisationId && channel === scope.channel,
    );
    return {
      pause,
      held: pause ? await countHeldReminders(connection, scope) : [],
      others: pauses.filter((other) => other !== pause),
    };
  });
}
