import { type KeptDays, keptDaysMax } from '../../config/kept-days.ts';
import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import { makeEventPartitions } from '../store/event-months.ts';
import {
  deleteExpiredLinks,
  deleteOldAppointments,
  deleteUnlinkedVersions,
  foldCarriedBalances,
  readDatabaseTime,
} from '../store/retention.ts';
import { deleteOldRecords, deleteShortLived, shortLived } from '../store/short-lived.ts';
import type { Log } from '../telemetry/log.ts';
import { deletingDuty, dropEventMonths, monthLockMs } from './drop-event-months.ts';
import { inRounds } from './in-rounds.ts';

export interface RetireDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly keep?: KeptDays;
  readonly now?: () => Temporal.Instant;
  readonly stopping?: AbortSignal;
  readonly log: Log;
}

/** As many as come due at one midnight, at a million a day. */
const roundsMax = 5_000;
/** What two clocks may differ by before one of them is taken for wrong. */
const differenceMaxMs = 60 * 60_000;

/**
 * Deletes, in small batches, everything whose time of keeping is over. One kind that cannot be deleted
 * keeps no other from it.
 *
 * Nothing is deleted on one clock's word: where ours and the database's differ by an hour, neither says
 * what is over.
 *
 * @throws {AppError} `internal` where the clocks differ; else what kept one kind from being deleted
 */
export async function retireExpired(deps: RetireDeps): Promise<void> {
  const { keep = keptDaysMax, stopping = new AbortController().signal, log } = deps;
  await refuseOneClock(deps);
  const bounds = { roundsMax, stopping, lockTimeoutMs: limits.lockTimeoutMs };
  const deleteBy = (duty: string, change: (connection: Connection) => Promise<number>) => () =>
    inRounds(deps, duty, change, bounds);
  const kinds: readonly (() => Promise<unknown>)[] = [
    deleteBy('delete expired links', deleteExpiredLinks),
    deleteBy('delete unlinked versions', deleteUnlinkedVersions),
    deleteBy(deletingDuty, (connection) =>
      deleteOldAppointments(connection, { keptDays: keep.states }),
    ),
    deleteBy(deletingDuty, foldFromTheFirst()),
    ...shortLived(keep).map((rows) =>
      deleteBy(`delete old ${rows.table}`, (connection) => deleteShortLived(connection, rows)),
    ),
    deleteBy('delete old records', (connection) =>
      deleteOldRecords(connection, { keptDays: keep.audit }),
    ),
    () => dropEventMonths({ ...deps, log }, { keep, stopping }),
  ];
  const faults: unknown[] = [];
  for (const kind of kinds) {
    await kind().catch((fault: unknown) => faults.push(fault));
  }
  if (faults.length > 0) throw faults[0];
}

/** Goes through all organisations once, a bounded number of rows a round. */
function foldFromTheFirst(): (connection: Connection) => Promise<number> {
  let from: string | undefined = '00000000-0000-0000-0000-000000000000';
  return async (connection) => {
    from = from && (await foldCarriedBalances(connection, { from }));
    return from ? 1 : 0;
  };
}

async function refuseOneClock({
  database,
  now = () => Temporal.Now.instant(),
  log,
}: RetireDeps): Promise<void> {
  const theirs = await readDatabaseTime(database);
  if (Math.abs(now().since(theirs).total('milliseconds')) < differenceMaxMs) return;
  log.error('nothing is deleted: the clocks differ', { code: 'clocks_differ' });
  throw new AppError('internal');
}

/**
 * Makes room for the events of the months ahead. A month that is added keeps everybody from the events for
 * a moment, so it waits for no one: there is time until it is needed.
 */
export async function prepareEventMonths(deps: {
  database: Pick<Database, 'transaction'>;
}): Promise<void> {
  await deps.database.transaction(
    [],
    async (connection) => {
      if (await tryDuty(connection, 'event partitions')) await makeEventPartitions(connection);
    },
    { lockTimeoutMs: monthLockMs },
  );
}
