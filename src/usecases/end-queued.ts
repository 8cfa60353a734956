import { leastValidityMs } from '../../config/retry.ts';
import type { Database } from '../store/database.ts';
import { lockQueued, type QueuedEnd } from '../store/dispatch.ts';
import { type LockedStep, writeReminderSteps } from '../store/reminder-steps.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';

/**
 * Takes reminders out of a batch without sending them: back to `scheduled`, or to where they end.
 *
 * An end that was asked for in the meantime comes first. What somebody else has changed since is
 * left alone, and nothing expires that has time left by the database's clock: a worker that was answered
 * late, or was frozen, takes it for later than it is. An error is logged and nothing more: the lease brings back what this could not write.
 */
export async function endQueued(
  deps: { database: Pick<Database, 'transaction'>; log: Log },
  { batchId, ends }: { batchId: string; ends: readonly QueuedEnd[] },
): Promise<void> {
  if (ends.length === 0) return;
  const byId = new Map(ends.map((end) => [end.reminderId, end]));
  try {
    await deps.database.transaction([], async (connection) => {
      const locked = await lockQueued(connection, {
        batchId,
        reminderIds: Array.from(byId.keys()),
      });
      await writeReminderSteps(
        connection,
        locked.flatMap((row): LockedStep[] => {
          const end = byId.get(row.id);
          if (!end) return [];
          const { reason, dueInMs, channel } = end;
          const step = { reminderId: row.id, from: 'queued' } as const;
          if (row.pending_end) return [{ ...step, to: row.pending_end, reason }];
          const isTooSoon = end.to === 'expired' && row.until_not_after_ms >= leastValidityMs;
          if (isTooSoon) return [{ ...step, to: 'scheduled' }];
          return [{ ...step, to: end.to, reason, dueInMs, channel }];
        }),
      );
    });
  } catch (error) {
    deps.log.warn('a batch could not be given back', { ...errorFacts(error), batchId });
  }
}
