import {
  countLost,
  type HighWaterMark,
  judgeLife,
  type Restore,
  type ServerIdentity,
  sentUntil,
} from '../domain/database-life.ts';
import { readHighWaterMark, writeHighWaterMark } from '../journal/high-water-mark.ts';
import type { Database } from '../store/database.ts';
import { admitRun, readAccepted, readLife, type StoredLife } from '../store/lives.ts';
import { beginLife, countInDoubt, doubtRestored, firstReminder } from '../store/restores.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { endRestoredLinks } from './end-restored-links.ts';
import type { NewIncident } from './open-incident.ts';
import { replayJournal } from './replay-journal.ts';

export interface AdmitDatabaseDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  /** Where mark and journals lie. */
  readonly journal: string;
  readonly openIncident: OpenRestoreIncident;
  readonly log: Log;
  /** How long whoever cannot tell leaves it to somebody who can. */
  readonly patienceMs?: number;
  readonly now?: () => Temporal.Instant;
}

/** Tells people what a restore lost; see `open-incident.ts`. */
export type OpenRestoreIncident = (incident: NewIncident) => Promise<unknown>;

const patienceDefaultMs = 30_000;
const walkedAtOnce = 10_000;

/**
 * Compares the database with the mark outside of it, and lets it be sent from.
 *
 * A database that was restored is dealt with first, while nothing can be sent from it: what may have gone
 * out since the backup comes into doubt, the journal is replayed, an incident says who has lost what. One
 * that is behind stays stopped until a person resumes it; after a failover, which loses less than the mark
 * can tell, sending goes on. Every step is safe to do again, and for several schedulers to do at once.
 *
 * To be asked at the start, whenever the server has been started anew, and before each mark.
 *
 * @returns asks; true when the database may be sent from
 */
export function createAdmission(deps: AdmitDatabaseDeps): () => Promise<boolean> {
  const { database, log, patienceMs = patienceDefaultMs } = deps;
  let untoldSinceMs: number | undefined;

  return async () => {
    const mark = await readMark(deps);
    const { life, server } = await readLife(database);
    const verdict = judgeLife({ mark, life, server });
    if (verdict.kind === 'untold') {
      untoldSinceMs ??= performance.now();
      if (performance.now() - untoldSinceMs < patienceMs) return false;
      log.error('nothing tells whether the database was restored', { code: 'mark_missing' });
    }
    untoldSinceMs = undefined;
    if (verdict.kind === 'restored') await begin(deps, { life, server, mark, ...verdict });
    if (verdict.kind === 'restored' || verdict.kind === 'unfinished') {
      await finish(deps, { mark });
    } else if (life.run !== server.run) {
      await admitRun(database, { number: life.number, server });
    }
    return true;
  };
}

/** One that cannot be read tells nothing, and must stop nobody for ever. */
async function readMark({ journal, log }: AdmitDatabaseDeps): Promise<HighWaterMark | undefined> {
  return readHighWaterMark(journal).catch((error: unknown) => {
    log.error('the high-water mark cannot be read', errorFacts(error));
    return undefined;
  });
}

async function begin(
  { database, log }: AdmitDatabaseDeps,
  input: {
    life: StoredLife;
    server: ServerIdentity;
    mark: HighWaterMark | undefined;
    restore: Restore;
  },
): Promise<void> {
  const { life, server, mark, restore } = input;
  log.error('the database was restored', { code: 'restored_behind', reason: restore });
  const isStopped = restore !== 'promoted';
  await database.transaction([], (connection) =>
    beginLife(connection, { last: life, mark, server, isStopped }),
  );
}

/** What is left to do of a restore; from its beginning, whoever has begun it. */
async function finish(
  deps: AdmitDatabaseDeps,
  { mark }: { mark: HighWaterMark | undefined },
): Promise<void> {
  const { database, openIncident, log, now = Temporal.Now.instant } = deps;
  const { life, server } = await readLife(database);
  const restoredTo = life.restoredTo ?? life.markedAt;
  const until = sentUntil({ mark, begunAt: life.begunAt, now: now() });
  await doubtAll(deps, { restoredTo, until });
  const replayed = await replayJournal(deps, { since: restoredTo });
  await endRestoredLinks(deps);
  const { present, inDoubt } = await database.transaction([], async (connection) => ({
    present: await readAccepted(connection, { number: life.number, until: countedUntil(mark) }),
    inDoubt: await countInDoubt(connection),
  }));
  const lost = countLost({ marked: mark?.accepted ?? {}, present });
  await openIncident({
    code: 'restored_behind',
    since: restoredTo,
    facts: {
      acceptedLost: lost.reduce((sum, { count }) => sum + count, 0),
      remindersInDoubt: inDoubt,
      journalEntries: replayed.entries,
      journalEntriesUnknown: replayed.unknown,
      journalFailures: replayed.failed,
    },
    organisationIds: lost.map(({ organisationId }) => organisationId),
  });
  for (const { organisationId, count } of lost) {
    log.error('what an organisation was told is stored is gone', { organisationId, count });
  }
  if (replayed.failed > 0) {
    log.error('not all of the journal could be replayed', { count: replayed.failed });
  }
  await noteLife(deps, { mark, life });
  await admitRun(database, { number: life.number, server });
  log.warn('reminders are in doubt after a restore', { count: inDoubt });
}

/** Outside, before it counts: a life that no mark knows was begun by nobody of us. */
async function noteLife(
  { journal, log }: AdmitDatabaseDeps,
  { mark, life }: { mark: HighWaterMark | undefined; life: StoredLife },
): Promise<void> {
  if (!mark) return;
  const { number, beat } = life;
  await writeHighWaterMark(journal, { ...mark, life: number, beat }).catch((error: unknown) =>
    log.error('the high-water mark cannot be written', errorFacts(error)),
  );
}

/**
 * Booking systems may be answered again while this is still at it. Receipts have the clock of `api`, which
 * may be a little ahead.
 */
function countedUntil(mark: HighWaterMark | undefined): Temporal.Instant | undefined {
  return mark && Temporal.Instant.from(mark.at).add({ seconds: 2 });
}

const beginning = Temporal.Instant.fromEpochMilliseconds(0);

async function doubtAll(
  { database }: AdmitDatabaseDeps,
  { restoredTo, until }: { restoredTo: Temporal.Instant; until: Temporal.Instant },
): Promise<void> {
  // However long ago it was to be sent: it may have waited for a pause or a provider until after that point.
  const span = { restoredTo, from: beginning, until, countMax: walkedAtOnce };
  let after: string | undefined = firstReminder;
  while (after !== undefined) {
    const input: Parameters<typeof doubtRestored>[1] = { ...span, after };
    ({ last: after } = await database.transaction([], (connection) =>
      doubtRestored(connection, input),
    ));
  }
}
