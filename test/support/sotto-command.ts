import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledOnce } from './compiled-once.ts';
import type { TestDatabase } from './database.ts';

export interface CommandAnswer {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** Types `sotto` and some words, as an administrator of a test's database would. */
export function sottoCommand(
  database: Pick<TestDatabase, 'adminUrl'>,
  environment: Readonly<Record<string, string>> = {},
): (...words: string[]) => Promise<CommandAnswer> {
  return (...words) =>
    new Promise((resolve) => {
      const env = {
        PATH: process.env.PATH,
        ...compiledOnce,
        DATABASE_URL: database.adminUrl.reveal(),
        DATA_DIR: join(tmpdir(), 'sotto-command'),
        ...environment,
      };
      execFile(process.execPath, ['src/cli.ts', ...words], { env }, (error, out, errors) =>
        resolve({ code: Number(error?.code ?? 0), out, errors }),
      );
    });
}
