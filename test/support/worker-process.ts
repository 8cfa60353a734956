import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compiledOnce } from './compiled-once.ts';

const script = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface RoleProcess {
  readonly pid: number;
  /** Resolves when it takes work. */
  readonly ready: Promise<void>;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Resolves with its exit code when it is gone. */
  readonly gone: Promise<number | null>;
}

export type WorkerProcess = RoleProcess;

export const startWorkerProcess = (env: Record<string, string>) => startRoleProcess('worker', env);

/**
 * Starts the real process of a role, as a deployment would.
 *
 * @param options.from another script that runs the role, where it is to be put together differently
 * @param options.onLine told of each line that it logs, which is then printed nowhere
 */
export function startRoleProcess(
  role: 'api' | 'patient' | 'ops' | 'worker' | 'scheduler',
  env: Record<string, string>,
  { from = script, onLine }: { from?: string | undefined; onLine?: (line: string) => void } = {},
): RoleProcess {
  const child: ChildProcess = fork(from, [role], {
    env: {
      PATH: process.env.PATH ?? '',
      ...compiledOnce,
      LOG_LEVEL: 'error',
      CANARY: 'off',
      ...env,
    },
    stdio: ['ignore', onLine ? 'pipe' : 'inherit', onLine ? 'pipe' : 'inherit', 'ipc'],
  });
  for (const output of [child.stdout, child.stderr]) {
    if (output && onLine) createInterface({ input: output }).on('line', onLine);
  }
  const gone = once(child, 'exit').then(([code]) => code as number | null);
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'ready') resolve();
    });
    gone.then((code) => reject(new Error(`the ${role} ended with ${code} before it was ready`)));
  });
  ready.catch(() => {});
  return { pid: child.pid ?? 0, ready, gone, signal: (name) => child.kill(name) };
}
