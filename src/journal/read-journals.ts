import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JournalEntry } from './journal.ts';
import { journalFolder } from './journal-location.ts';
import { isWrittenBy, type JournalRole, writerOf } from './journal-writers.ts';

/** How far ahead of ours the clock of another machine may be. */
const aheadMaxMs = 300_000;

/** An entry, when it was written by the clock of who wrote it, and in which file. */
export type WrittenEntry = JournalEntry & { readonly at: string; readonly file: string };

/** What was found in all journals. */
export interface ReadJournals {
  readonly entries: WrittenEntry[];
  /** Files or folders that could not be read. */
  readonly filesUnread: number;
  /** Entries that their file's role does not write; nobody knows who did. */
  readonly entriesMisplaced: number;
}

/**
 * Reads what every role wrote since a moment, in the order of time: files in the journal's folder and in
 * folders in it, where those of other machines or users can be mirrored. What is not a whole line is what
 * a power cut left, and was never confirmed to anybody.
 *
 * An entry of a kind that its file's role does not write is left out and counted. It stops no restore: else
 * whoever took over one process could keep the database from being used again, and one entry is no reason
 * to hold back the true erasures beside it. Were it true after all, in a file that somebody renamed, the
 * count says that something is to be looked at.
 *
 * Nor is an entry the last word on anything because it says that it was written later than now: it is taken
 * to be as old as the one before it in its file, which only grows; a stop, to be said now.
 */
export async function readJournals(
  location: string,
  { since }: { since: Temporal.Instant },
): Promise<ReadJournals> {
  const entries: WrittenEntry[] = [];
  const { files, unread } = await listJournals(journalFolder(location));
  const readAtMs = Date.now();
  let filesUnread = unread;
  let entriesMisplaced = 0;
  for (const { path, role } of files) {
    let before = since.toString();
    try {
      for await (const line of createInterface({ input: createReadStream(path) })) {
        const entry = parseLine(line);
        if (!entry || Date.parse(entry.at) < since.epochMilliseconds) continue;
        const at = timeOf(entry, { before, readAtMs });
        if (at === entry.at && entry.kind !== 'passkey_removal') before = at;
        if (isWrittenBy(role, entry.kind)) entries.push({ ...entry, at, file: path });
        else entriesMisplaced += 1;
      }
    } catch {
      filesUnread += 1;
    }
  }
  entries.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return { entries, filesUnread, entriesMisplaced };
}

function timeOf(
  { kind, at }: Pick<WrittenEntry, 'kind' | 'at'>,
  { before, readAtMs }: { before: string; readAtMs: number },
): string {
  // The day's end, which is ahead, is all that the removal of a passkey says.
  if (kind === 'passkey_removal' || Date.parse(at) <= readAtMs + aheadMaxMs) return at;
  // A stop counts, whenever it was said, until it is taken back.
  return kind === 'suppression' ? new Date(readAtMs).toISOString() : before;
}

interface JournalFile {
  readonly path: string;
  readonly role: JournalRole | undefined;
}

async function listJournals(top: string): Promise<{ files: JournalFile[]; unread: number }> {
  const found = await readdir(top, { withFileTypes: true }).catch(() => undefined);
  if (!found) return { files: [], unread: 1 };
  const files = found
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.ndjson'))
    .map(({ name }) => ({ path: join(top, name), role: writerOf({ name }) }));
  let unread = 0;
  for (const { name: folder } of found.filter(
    (entry) => entry.isDirectory() || entry.isSymbolicLink(),
  )) {
    if (folder.endsWith('.ndjson')) continue;
    const below = await readdir(join(top, folder)).catch(() => undefined);
    if (!below) unread += 1;
    for (const name of below ?? []) {
      if (!name.endsWith('.ndjson')) continue;
      files.push({ path: join(top, folder, name), role: writerOf({ name, folder }) });
    }
  }
  return { files, unread };
}

function parseLine(line: string): (JournalEntry & { at: string }) | undefined {
  try {
    const entry = JSON.parse(line);
    return typeof entry?.kind === 'string' && Number.isFinite(Date.parse(entry.at))
      ? entry
      : undefined;
  } catch {
    return undefined;
  }
}
