import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JournalEntry } from './journal.ts';
import { journalFolder } from './journal-location.ts';

/** An entry, when it was written by the clock of who wrote it, and in which file. */
export type WrittenEntry = JournalEntry & { readonly at: string; readonly file: string };

/**
 * Reads what every role wrote since a moment, in the order of time: files in the journal's folder and in
 * folders in it, where those of other machines or users can be mirrored. What is not a whole line is what
 * a power cut left, and was never confirmed to anybody.
 *
 * @returns the entries, and how many files or folders could not be read
 */
export async function readJournals(
  location: string,
  { since }: { since: Temporal.Instant },
): Promise<{ entries: WrittenEntry[]; filesUnread: number }> {
  const entries: WrittenEntry[] = [];
  const { files, unread } = await listJournals(journalFolder(location));
  let filesUnread = unread;
  for (const file of files) {
    try {
      for await (const line of createInterface({ input: createReadStream(file) })) {
        const entry = parseLine(line);
        if (entry && Date.parse(entry.at) >= since.epochMilliseconds) {
          entries.push({ ...entry, file });
        }
      }
    } catch {
      filesUnread += 1;
    }
  }
  entries.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return { entries, filesUnread };
}

async function listJournals(folder: string): Promise<{ files: string[]; unread: number }> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!found) return { files: [], unread: 1 };
  const files = found
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.ndjson'))
    .map(({ name }) => join(folder, name));
  let unread = 0;
  for (const { name } of found.filter((entry) => entry.isDirectory() || entry.isSymbolicLink())) {
    if (name.endsWith('.ndjson')) continue;
    const below = await readdir(join(folder, name)).catch(() => undefined);
    if (!below) unread += 1;
    for (const file of below ?? []) {
      if (file.endsWith('.ndjson')) files.push(join(folder, name, file));
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
