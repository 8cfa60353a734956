import { readJournals, type WrittenEntry } from '../journal/read-journals.ts';
import { newHelpCode } from '../keys/help-code.ts';
import type { Database } from '../store/database.ts';
import { replayEntries } from '../store/restores.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';

export interface ReplayJournalDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly journal: string;
  readonly log: Log;
}

/** What came of a replay. */
export interface Replayed {
  readonly entries: number;
  /** Of something that the restored database has never had, so that there is nothing to undo. */
  readonly unknown: number;
  /** Journals that could not be read, and entries that could not or must not be done again. */
  readonly failed: number;
}

const groupSizeMax = 500;
/** Clocks of roles and database may differ by so much. */
const clockSkewMinutes = 5;

/**
 * Does again, in a restored database, what must not be undone: erasures, stops, lock-outs, revocations.
 * Again is safe, and so is once more in the middle of it.
 *
 * @param input.since as of when the database is
 */
export async function replayJournal(
  { database, journal, log }: ReplayJournalDeps,
  { since }: { since: Temporal.Instant },
): Promise<Replayed> {
  const read = await readJournals(journal, {
    since: since.subtract({ minutes: clockSkewMinutes }),
  });
  const entries = lastWords(read.entries).map(({ file: _, ...entry }) =>
    entry.kind === 'lock_out' ? { ...entry, helpCode: newHelpCode() } : entry,
  );
  let unknown = 0;
  let failed = read.filesUnread + read.entriesMisplaced;
  if (read.entriesMisplaced > 0) {
    log.error('a journal holds entries that its role does not write', {
      count: read.entriesMisplaced,
    });
  }
  const replay = (group: readonly object[]) =>
    database.transaction([], (connection) => replayEntries(connection, group));
  for (let start = 0; start < entries.length; start += groupSizeMax) {
    const group = entries.slice(start, start + groupSizeMax);
    try {
      unknown += await replay(group);
    } catch (error) {
      log.warn('entries of the journal are taken one by one', errorFacts(error));
      for (const entry of group) {
        unknown += await replay([entry]).catch((failure: unknown) => {
          if (errorFacts(failure).code === 'unavailable') throw failure;
          failed += 1;
          return 0;
        });
      }
    }
  }
  return { entries: entries.length, unknown, failed };
}

/**
 * Of those who said stop and took it back, and perhaps said it again, what they said last; likewise of
 * settings. The one before holds as well where nobody knows whether the last was committed, or, of two
 * machines whose clocks may differ, which of them was the last.
 */
function lastWords(entries: readonly WrittenEntry[]): WrittenEntry[] {
  const done = new Set(entries.map((entry) => entry.kind === 'done' && entry.change));
  const last = new Map<string, WrittenEntry[]>();
  const others: WrittenEntry[] = [];
  for (const entry of entries) {
    if (entry.kind === 'done') continue;
    const isDone = !('change' in entry) || done.has(entry.change ?? '');
    const about = subjectOf(entry);
    if (about === undefined) {
      // A key that nothing has replaced is what its booking system still uses.
      if (isDone || entry.kind !== 'credential_end') others.push(entry);
      continue;
    }
    const holding = (last.get(about) ?? []).filter((one) => !isDone || mayBeLater(one, entry));
    if (entry.kind !== 'suppression_lifted') {
      // Lifted before it, or at the same time: a stop is what counts.
      const kept = holding.filter(({ kind }) => kind !== 'suppression_lifted');
      last.set(about, [...kept, entry]);
    } else if (isDone && holding.length === 0) last.set(about, [entry]);
  }
  return [...others, ...[...last.values()].flat()];
}

function mayBeLater(one: WrittenEntry, other: WrittenEntry): boolean {
  const apartMs = Date.parse(other.at) - Date.parse(one.at);
  return one.file !== other.file && apartMs <= clockSkewMinutes * 60_000;
}

/** What an entry is the last word on, until another comes; undefined for what stays true. */
function subjectOf(entry: WrittenEntry): string | undefined {
  switch (entry.kind) {
    case 'suppression':
    case 'suppression_lifted':
      return entry.index;
    case 'ops_user_role':
      return `role ${entry.userId}`;
    case 'proof_policy':
      return `proof ${entry.organisationId}`;
    case 'organisation_limits':
      return `limits ${entry.organisationId}`;
    case 'credential_limits':
      return `limits ${entry.credentialId}`;
    default:
      return undefined;
  }
}
