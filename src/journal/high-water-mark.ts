import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { HighWaterMark } from '../domain/database-life.ts';
import { journalFolder, syncFolder } from './journal-location.ts';

/** Beside the journals. */
const fileName = 'high-water-mark.json';

/**
 * How far the database was known to be, by what lies outside of it.
 *
 * @returns undefined when there is none
 * @throws when it cannot be read, or is none of ours
 */
export async function readHighWaterMark(location: string): Promise<HighWaterMark | undefined> {
  const path = join(journalFolder(location), fileName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const mark: unknown = JSON.parse(text);
  if (!isMark(mark)) throw new TypeError('high-water mark');
  return mark;
}

/**
 * Writes it whole or not at all, and on disk before this resolves. Of several that write, the one that
 * saw the most is kept.
 */
export async function writeHighWaterMark(location: string, mark: HighWaterMark): Promise<void> {
  const folder = journalFolder(location);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const there = await readHighWaterMark(location).catch(() => undefined);
  if (there && isAhead(there, mark)) return;
  const unfinished = join(folder, `.${fileName}.${randomUUID()}`);
  const file = await open(unfinished, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(mark)}\n`);
    await file.datasync();
    await rename(unfinished, join(folder, fileName));
  } catch (error) {
    await unlink(unfinished).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  await syncFolder(folder);
}

function isAhead(one: HighWaterMark, other: HighWaterMark): boolean {
  return one.life === other.life ? one.beat > other.beat : one.life > other.life;
}

function isMark(value: unknown): value is HighWaterMark {
  const mark = value as Partial<HighWaterMark> | null;
  return (
    Number.isSafeInteger(mark?.life) &&
    Number.isSafeInteger(mark?.beat) &&
    typeof mark?.at === 'string' &&
    /^\d{1,19}$/.test(mark.transaction ?? '') &&
    /^\d{1,19}$/.test(mark.event ?? '') &&
    typeof mark.accepted === 'object'
  );
}
