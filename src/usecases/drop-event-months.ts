import type { KeptDays } from '../../config/kept-days.ts';
import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import { carrySomeEvents, dropMonth, listOldMonths } from '../store/event-months.ts';
import type { Log } from '../telemetry/log.ts';

/** Deleting appointments and carrying their events take turns: each must see what the other left. */
export const deletingDuty = 'delete old appointments';

/** Less than an accepted request waits for a lock, so that nobody is refused for it. */
export const monthLockMs = 50;

/**
 * Drops the months of events that are over. First what they say is carried forward, some appointments at
 * a time, and counts for nothing yet; then a transaction of a moment drops the month and counts what was
 * carried. Whoever dies in between has carried so much, and the next goes on there.
 *
 * @throws when a month cannot be dropped because somebody reads or writes events for too long; what is
 *   carried stays so, and the next round tries again
 */
export async function dropEventMonths(
  { database, log }: { database: Pick<Database, 'query' | 'transaction'>; log: Log },
  { keep, stopping }: { keep: KeptDays; stopping: AbortSignal },
): Promise<void> {
  for (const month of await listOldMonths(database, { keptDays: keep.events })) {
    const carry = (connection: Connection) => carrySomeEvents(connection, month);
    while (await inTurn(database, deletingDuty, carry)) {
      if (stopping.aborted) return;
    }
    const drop = (connection: Connection) =>
      dropMonth(connection, { month, keptDays: keep.events });
    if (await inTurn(database, 'drop event months', drop, { lockTimeoutMs: monthLockMs })) {
      log.info('a month of events was dropped');
    }
  }
}

/** @returns false too where another process is at it */
async function inTurn(
  database: Pick<Database, 'transaction'>,
  duty: string,
  work: (connection: Connection) => Promise<boolean>,
  options?: { lockTimeoutMs: number },
): Promise<boolean> {
  return database.transaction(
    [],
    async (connection) => (await tryDuty(connection, duty)) && work(connection),
    options,
  );
}
