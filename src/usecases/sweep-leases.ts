import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import { expireReminders, markLateSending, releaseLateQueued } from '../store/sweep.ts';
import type { Log } from '../telemetry/log.ts';

const roundsMax = 20;

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

/** Ends reminders whose time has passed. */
export async function sweepExpired(deps: {
  database: Pick<Database, 'transaction'>;
}): Promise<void> {
  await inRounds(deps, 'expire reminders', expireReminders);
}

/** Repeats a bounded change, each round in a transaction of its own, until nothing is left. */
export async function inRounds(
  { database }: { database: Pick<Database, 'transaction'> },
  duty: string,
  change: (connection: Connection) => Promise<number>,
): Promise<number> {
  let total = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const changed = await database.transaction([], async (connection) =>
      (await tryDuty(connection, duty)) ? change(connection) : 0,
    );
    total += changed;
    if (changed === 0) break;
  }
  return total;
}
