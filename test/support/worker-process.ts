import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface WorkerProcess {
  /** Resolves when it takes work. */
  readonly ready: Promise<void>;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Resolves with its exit code when it is gone. */
  readonly gone: Promise<number | null>;
}

/** Starts a real worker process, as a deployment would. */
export function startWorkerProcess(env: Record<string, string>): WorkerProcess {
  const child: ChildProcess = fork(script, ['worker'], {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: '', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit').then(([code]) => code as number | null);
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'ready') resolve();
    });
    gone.then((code) => reject(new Error(`the worker ended with ${code} before it was ready`)));
  });
  ready.catch(() => {});
  return { ready, gone, signal: (name) => child.kill(name) };
}
