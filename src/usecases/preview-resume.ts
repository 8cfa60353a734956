import { readPauseActor } from '../store/pause-measures.ts';
import {
  countHeldReminders,
  type HeldReminders,
  listActivePauses,
  type Pause,
  type PauseScope,
} from '../store/pauses.ts';
import { type PauseDeps, pauseSubject } from './pause-sending.ts';

export interface ResumePreview {
  /** The pause that would end; undefined when exactly this is not paused. */
  readonly pause: Pause | undefined;
  /** Who began it, as the audit says. */
  readonly by: string | undefined;
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
    const subject = pauseSubject(scope);
    return {
      pause,
      by: pause && (await readPauseActor(connection, { ...scope, subject })),
      held: pause ? await countHeldReminders(connection, scope) : [],
      others: pauses.filter((other) => other !== pause),
    };
  });
}
