import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { journalFolder, syncFolder } from './journal-location.ts';

/**
 * Adds what was signed to `file:PATH`, one line each, so that it would survive a power cut.
 *
 * @throws when it cannot be written
 */
export async function appendAuditHead(location: string, signed: string): Promise<void> {
  const path = journalFolder(location);
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const file = await open(path, 'a', 0o640);
  try {
    // A line that a power cut left half must not join this one.
    await file.appendFile(`\n${signed}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/** A compact JWS with an Ed25519 signature; half of one is what a power cut left. */
const whole = /^[\w-]+\.[\w-]+\.[\w-]{86}$/;

/**
 * Everything that stands there, oldest first. Nothing where there is no such file.
 *
 * @throws when it is there and cannot be read
 */
export async function readAuditHeads(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').filter((line) => whole.test(line));
}
