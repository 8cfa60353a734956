import type { Database } from '../store/database.ts';
import { expireReminders, markLateSending, releaseLateQueued } from '../store/sweep.ts';
import type { Log } from '../telemetry/log.ts';
import { inRounds } from './in-rounds.ts';

/** Takes back what a lease has run out on: queued goes back, what may have been sent is in doubt. */
export async function sweepLeases(deps: {
  database: Pick<Database, 'transaction'>;
  log: Log;
}): Promise<void> {
  const released = await inRounds(deps, 'release late queued', releaseLateQueued);
  if (released > 0) deps.log.warn('leases passed before anything was sent', { count: released });
  const doubtful = await inRounds(deps, 'mark late sending', markLateSending);
  if (doubtful > 0) deps.log.error('sends ended without an outcome', { count: doubtful });
}

/**
 * Ends reminders whose time has passed, for good: so never on one clock's word, be it ours or the
 * database's. Where they differ, this is late.
 */
export async function sweepExpired(deps: {
  database: Pick<Database, 'transaction'>;
  now?: () => Temporal.Instant;
}): Promise<void> {
  const { now = () => Temporal.Now.instant() } = deps;
  await inRounds(deps, 'expire reminders', (connection) =>
    expireReminders(connection, { now: now() }),
  );
}
