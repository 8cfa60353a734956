import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

const hasProc = existsSync('/proc/self/stat');
const pollMs = 25;

/** Who runs under this number now; nothing if nobody does, or if only a zombie is left. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = hasProc ? readStat(String(pid))?.startedAt : startedAtByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startedAt === process.startedAt;
}

/** Sends a signal to this very process; one that has ended is no error. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch {
    // It ended between the look and the signal, or belongs to somebody else.
  }
}

/** Waits until none of them runs. Returns those that still do after `timeoutMs`. */
export async function waitForEnd(
  processes: readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<ProcessIdentity[]> {
  const deadline = performance.now() + timeoutMs;
  let left = processes.filter(isAlive);
  while (left.length > 0 && performance.now() < deadline) {
    await wait(pollMs);
    left = left.filter(isAlive);
  }
  return left;
}

/**
 * The topmost processes of a PostgreSQL server whose data lie in this folder: the postmaster, or
 * what it left behind when it was killed. A server works in its data folder, so this finds it even
 * where its pid file is gone or names another process since a reboot.
 */
export function postgresProcessesIn(folder: string): ProcessIdentity[] {
  if (!existsSync(folder)) return [];
  return hasProc ? postgresByProc(realpathSync(folder)) : postgresByPs(folder);
}

function postgresByProc(folder: string): ProcessIdentity[] {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = readStat(name);
      return stat?.command === 'postgres' && workingFolder(name) === folder
        ? [{ pid: Number(name), ...stat }]
        : [];
    });
  const pids = new Set(found.map((each) => each.pid));
  return found
    .filter((each) => !pids.has(each.parentPid))
    .map(({ pid, startedAt }) => ({ pid, startedAt }));
}

function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** @see proc_pid_stat(5): the command in brackets may hold anything, so fields count from its end. */
function readStat(
  pid: string,
): { command: string; parentPid: number; startedAt: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const commandEnd = text.lastIndexOf(')');
  const fields = text.slice(commandEnd + 2).split(' ');
  const [state, parentPid] = fields;
  const ticksSinceBoot = fields[19];
  if (state === 'Z' || state === 'X' || ticksSinceBoot === undefined) return undefined;
  return {
    command: text.slice(text.indexOf('(') + 1, commandEnd),
    parentPid: Number(parentPid),
    startedAt: `${bootId()}:${ticksSinceBoot}`,
  };
}

let knownBootId: string | undefined;
function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

function startedAtByPs(pid: number): string | undefined {
  const [state, ...startedAt] = runPs('-o', 'state=,lstart=', '-p', String(pid)).split(/\s+/);
  return !state || state.startsWith('Z') ? undefined : startedAt.join(' ');
}

function postgresByPs(folder: string): ProcessIdentity[] {
  return runPs('-axo', 'pid=,command=')
    .split('\n')
    .map((line) => /^\s*(\d+) (\S+) -D (.+?) -c /.exec(line))
    .filter((match) => match?.[3] === folder && basename(match[2] ?? '') === 'postgres')
    .flatMap((match) => identify(Number(match?.[1])) ?? []);
}

function runPs(...args: string[]): string {
  return spawnSync('ps', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
}
