import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StartError, systemErrorCode } from './start-error.ts';

/** Where a role's output goes: all of it into a file of bounded size, errors also to the terminal. */
export interface RoleLog {
  readonly path: string;
  write(chunk: Buffer | string): void;
  /** What the supervisor itself has to say about the role. */
  note(text: string): void;
}

const fileBytesMax = 10 * 1024 * 1024;
const lineCharactersMax = 64 * 1024;
const quietMs = 10_000;
/** The least level that reaches the terminal; pino's number for `error`. */
const errorLevel = 50;

/**
 * Opens `<folder>/<role>.log`, which is moved to `<role>.log.1` at 10 MB.
 *
 * @param terminal takes one line; the same line is not repeated within 10 s
 * @throws {StartError} when it cannot be written
 */
export function openRoleLog({
  folder,
  role,
  terminal,
}: {
  folder: string;
  role: string;
  terminal: (line: string) => void;
}): RoleLog {
  const file = openBoundedFile(folder, `${role}.log`);
  const lastShown = new Map<string, number>();
  let rest = '';

  const show = (text: string) => {
    const now = performance.now();
    if (now - (lastShown.get(text) ?? -quietMs) < quietMs) return;
    if (lastShown.size > 100) lastShown.clear();
    lastShown.set(text, now);
    terminal(`${role}: ${text}`);
  };
  return {
    path: file.path,
    write(chunk) {
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(0, lineCharactersMax);
      if (lines.length === 0) return;
      file.append(`${lines.join('\n')}\n`);
      for (const line of lines) {
        const problem = errorIn(line);
        if (problem) show(problem);
      }
    },
    note(text) {
      file.append(`${text}\n`);
      show(text);
    },
  };
}

/** Only the fixed phrase and the code of a log line, never its other fields. */
function errorIn(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, msg, code } = JSON.parse(line);
    if (typeof level !== 'number' || level < errorLevel || typeof msg !== 'string')
      return undefined;
    return typeof code === 'string' ? `${msg} (${code})` : msg;
  } catch {
    return undefined;
  }
}

function openBoundedFile(folder: string, name: string) {
  const path = join(folder, name);
  let file = openForStart(folder, path);
  let bytes = fstatSync(file).size;
  return {
    path,
    append(text: string) {
      try {
        if (bytes > fileBytesMax) {
          // A number that is closed may be another role's log at once: never closed before there is a next.
          if (existsSync(path)) renameSync(path, `${path}.1`);
          const next = openSync(path, 'a', 0o600);
          closeSync(file);
          file = next;
          bytes = 0;
        }
        bytes += writeSync(file, text);
      } catch {
        // A full disk must not end the supervisor, which ends everything else with it.
      }
    },
  };
}

function openForStart(folder: string, path: string): number {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw new StartError(`${path} cannot be written (${systemErrorCode(error)}).`);
  }
}
