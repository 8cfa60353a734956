import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { stopLeftBehind } from './left-behind.ts';
import {
  identify,
  isAlive,
  type ProcessIdentity,
  signalProcess,
  waitForEnd,
} from './process-identity.ts';
import { StartError, systemErrorCode } from './start-error.ts';

/** What runs for a data folder; kept in the folder so that whoever comes next can end it. */
interface Running {
  readonly supervisor: ProcessIdentity;
  readonly guard?: ProcessIdentity;
  /** By name; the last process of each. */
  readonly roles: Readonly<Record<string, ProcessIdentity>>;
}

/** A data folder that belongs to this process until `release`. */
export interface DataDir {
  readonly path: string;
  recordGuard(guard: ProcessIdentity): void;
  recordRole(name: string, role: ProcessIdentity): void;
  release(): void;
}

/**
 * Takes a data folder for this process, making it where there is none. What a supervisor that was
 * killed has left running there is stopped first.
 *
 * @throws {StartError} when another supervisor has it, or it cannot be written
 */
export async function takeDataDir(path: string): Promise<DataDir> {
  const folder = resolve(path);
  const supervisor = identify(process.pid);
  if (!supervisor) throw new StartError('This system does not tell when a process was started.');
  const lock = lockFile(folder);
  const own = makeFolder(folder, () => writeAside(lock, { supervisor, roles: {} }));
  try {
    const leftBehind = claim(folder, own);
    if (leftBehind) await stopAll(folder, leftBehind);
  } finally {
    rmSync(own, { force: true });
  }
  let running: Running = { supervisor, roles: {} };
  const record = (change: Partial<Running>) => {
    running = { ...running, ...change };
    try {
      renameSync(writeAside(lock, running), lock);
    } catch {
      // The older account stays where the disk is full: it is for cleaning up after a kill, and must
      // not end what runs.
    }
  };
  return {
    path: folder,
    recordGuard: (guard) => record({ guard }),
    recordRole: (name, role) => record({ roles: { ...running.roles, [name]: role } }),
    release: () => rmSync(lock, { force: true }),
  };
}

/** What runs for this folder by its own account; nothing if it is free or the account is not whole. */
export function readRunning(folder: string): Running | undefined {
  return parse(readText(lockFile(folder)));
}

function lockFile(folder: string): string {
  return join(folder, 'supervisor.json');
}

/** A link appears with its whole content or not at all, so no reader ever sees half a lock. */
function claim(folder: string, own: string): Running | undefined {
  const lock = lockFile(folder);
  if (linkUnlessThere(own, lock)) return undefined;

  const seen = readText(lock);
  const holder = parse(seen);
  if (holder && isAlive(holder.supervisor)) throw inUse(folder, holder);

  // Two may find the same dead holder. Only what was seen may be moved away: if the other was
  // faster, this has its living lock in hand, puts it back and gives way.
  const stale = `${own}.stale`;
  renameSync(lock, stale);
  const moved = readText(stale);
  if (moved !== seen) linkUnlessThere(stale, lock);
  rmSync(stale, { force: true });
  if (moved !== seen || !linkUnlessThere(own, lock)) throw inUse(folder, parse(readText(lock)));
  return holder;
}

/** The guard goes first: it would stop what the next supervisor is about to start. */
async function stopAll(folder: string, { guard, roles }: Running): Promise<void> {
  if (guard) {
    signalProcess(guard, 'SIGKILL');
    await waitForEnd([guard], 2_000);
  }
  await stopLeftBehind(folder, Object.values(roles));
}

function makeFolder<T>(folder: string, write: () => T): T {
  try {
    mkdirSync(dirname(folder), { recursive: true });
    // Root's database runs as another user, who must be able to pass through, not to look around.
    mkdirSync(folder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    return write();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new StartError(`DATA_DIR ${folder} cannot be written (${code}).`);
  }
}

function writeAside(lock: string, running: Running): string {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(aside, JSON.stringify(running), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  return aside;
}

function linkUnlessThere(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined): Running | undefined {
  try {
    const value = JSON.parse(text ?? '');
    return value?.supervisor && value.roles ? value : undefined;
  } catch {
    return undefined;
  }
}

function inUse(folder: string, holder: Running | undefined): StartError {
  const who = holder ? ` (process ${holder.supervisor.pid})` : '';
  return new StartError(`Sotto already runs in ${folder}${who}. Stop it, or set another DATA_DIR.`);
}
