import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compiledOnce } from '../support/compiled-once.ts';

/** A process that answers each question with one message. */
export interface Child {
  readonly pid: number;
  ask<Answer>(question: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * Starts one of `processes/` and waits until it is ready.
 *
 * @param env all that it knows of its environment, beside PATH
 */
export async function startChild(script: string, env: Record<string, string>): Promise<Child> {
  const child = fork(fileURLToPath(new URL(`./processes/${script}`, import.meta.url)), [], {
    env: { PATH: process.env.PATH ?? '', ...compiledOnce, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');

  /** Fails when it ends instead of answering. */
  async function answer(): Promise<unknown> {
    const answered = new AbortController();
    const { signal } = answered;
    try {
      return await Promise.race([
        once(child, 'message', { signal }).then(([message]) => message),
        gone.then(([code]) => {
          throw new Error(`${script} ended with ${code}`);
        }),
      ]);
    } finally {
      answered.abort();
    }
  }

  await answer();
  return {
    pid: child.pid ?? 0,
    async ask<Answer>(question: unknown) {
      const answered = answer();
      child.send(question as object);
      return (await answered) as Answer;
    },
    async stop() {
      if (child.exitCode === null && child.kill('SIGTERM')) await gone;
    },
  };
}
