import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StartError, systemErrorCode } from './start-error.ts';

/** Writes a file that only its owner may read, whole or not at all, and on disk before it returns. */
export function writePrivateFile(path: string, text: string): void {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeWhole(unfinished, text);
    renameSync(unfinished, path);
  } catch (error) {
    // Each start of a machine whose disk is full would else leave another.
    rmSync(unfinished, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

function writeWhole(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a file that must be private; nothing if there is none.
 *
 * @throws {StartError} when others may read it: what it holds must then count as known to them
 */
export function readPrivateFile(path: string): string | undefined {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new StartError(`${path} can be read by others; run: chmod 600 ${path}`);
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'EACCES') {
      throw new StartError(`${path} belongs to another user; start Sotto as that user.`);
    }
    throw error;
  }
}

/** Makes a rename or a new name in this folder survive a power cut. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
