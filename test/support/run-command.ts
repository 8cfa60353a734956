import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { compiledOnce } from './compiled-once.ts';

export interface CommandEnd {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** Runs `sotto …` as a process of its own, with this environment and nothing else of ours. */
export async function runCommand(
  words: readonly string[],
  { env, input = '', cwd }: { env: Record<string, string>; input?: string; cwd?: string },
): Promise<CommandEnd> {
  const child = spawnCommand(words, { env, ...(cwd === undefined ? {} : { cwd }) });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);
  return { code, out, errors };
}

/** The same, left to whoever wants to watch, signal or kill it. */
export function spawnCommand(
  words: readonly string[],
  { env, cwd }: { env: Record<string, string>; cwd?: string },
) {
  const cli = new URL('../../src/cli.ts', import.meta.url).pathname;
  return spawn(process.execPath, [cli, ...words], {
    env: { PATH: process.env.PATH, ...compiledOnce, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
}
