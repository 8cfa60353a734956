import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { identify, type ProcessIdentity } from './process-identity.ts';
import type { RoleLog } from './role-log.ts';
import { StartError } from './start-error.ts';

export interface RoleProcess {
  readonly name: string;
  /** When it was ready for the first time. Rejects with a StartError if it ends thrice before. */
  readonly ready: Promise<void>;
  /** SIGTERM, and SIGKILL after 8 s. */
  stop(): Promise<void>;
}

export interface RoleProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** All that the process sees; nothing is inherited. Secrets belong here, never in `args`. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: RoleLog;
  /** How long a role that was heard of may be silent; a minute when absent. */
  readonly silentAfterMs?: number;
  /** Told of each process that plays the role. */
  readonly onStarted?: (role: ProcessIdentity) => void;
}

export const backoff = { firstMs: 200, lastMs: 5_000, resetAfterMs: 30_000 } as const;
const graceMs = 8_000;
const startsMax = 3;
const tickMs = 5_000;
/** A role that was ready and gives no sign of life for a minute is killed. */
const silentTicksMax = 12;

/**
 * Runs a role as a process of its own and starts it again whenever it ends.
 *
 * An IPC channel joins the two: the role says on it that it is ready, and again and again that it lives
 * (parent.ts), and it closes when the supervisor dies, so that the role ends by itself. Silence is
 * counted in ticks and not in time, for a supervisor that was stopped has not heard anybody.
 */
export function superviseRole(options: RoleProcessOptions): RoleProcess {
  const { name, log } = options;
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  let child: ChildProcess | undefined;
  let isRunning = false;
  let restart: NodeJS.Timeout | undefined;
  let pauseMs: number = backoff.firstMs;
  let starts = 0;
  let wasReady = false;
  let stopping = false;

  const start = () => {
    const startedAt = performance.now();
    starts += 1;
    const started = spawnRole(options);
    child = started;
    isRunning = child.pid !== undefined;
    const silence = watchSilence(options, () => started.kill('SIGKILL'));
    child.on('message', (message) => {
      if (message === 'alive') silence.broken();
      if (message !== 'ready') return;
      wasReady = true;
      ready.resolve();
    });
    whenEnded(child, (how) => {
      silence.stop();
      isRunning = false;
      if (stopping) return;
      if (!wasReady && starts >= startsMax) {
        ready.reject(new StartError(`${name} does not start (${how}); see ${log.path}`));
        return;
      }
      if (performance.now() - startedAt > backoff.resetAfterMs) pauseMs = backoff.firstMs;
      log.note(`ended (${how}); starting again in ${pauseMs / 1000} s, see ${log.path}`);
      restart = setTimeout(start, pauseMs);
      pauseMs = Math.min(pauseMs * 2, backoff.lastMs);
    });
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity) options.onStarted?.(identity);
  };
  start();

  return {
    name,
    ready: ready.promise,
    async stop() {
      stopping = true;
      clearTimeout(restart);
      ready.reject(new StartError(`${name} was stopped`));
      if (child && isRunning) await end(child);
    },
  };
}

/** Begins with the first sign of a role; one that is starting takes its time. */
function watchSilence({ log, silentAfterMs }: RoleProcessOptions, onSilent: () => void) {
  let ticks: number | undefined;
  const everyMs = silentAfterMs === undefined ? tickMs : silentAfterMs / silentTicksMax;
  const timer = setInterval(() => {
    if (ticks === undefined) return;
    ticks += 1;
    if (ticks !== silentTicksMax) return;
    log.note('gives no sign of life; ending it, to start it again');
    onSilent();
  }, everyMs).unref();
  return {
    broken() {
      ticks = 0;
    },
    stop: () => clearInterval(timer),
  };
}

/** Detached: Ctrl+C reaches the whole terminal group, and it is the supervisor who stops a role. */
function spawnRole({ command, args, env, log }: RoleProcessOptions): ChildProcess {
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  child.stdout?.on('data', log.write);
  child.stderr?.on('data', log.write);
  return child;
}

function whenEnded(child: ChildProcess, then: (how: string) => void): void {
  let ended = false;
  const once = (how: string) => {
    if (!ended) then(how);
    ended = true;
  };
  child.once('exit', (code, signal) => once(signal ?? `exit code ${code}`));
  child.on('error', (error) => {
    if (child.pid === undefined) once(error.message);
  });
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = new AbortController();
  await Promise.race([ended, wait(graceMs, undefined, { signal: patience.signal })]);
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended;
  patience.abort();
}
