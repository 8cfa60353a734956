import { ConfigError } from '../config/env.ts';
import { CommandError } from './cli/command-error.ts';
import { commands, usage } from './cli/commands.ts';
import { AppError, errorCodes } from './domain/errors.ts';
import { KeyStoreError } from './keys/key-store-error.ts';
import { MigrationError } from './store/migrate.ts';
import { StartError } from './supervisor/start-error.ts';
import { sayLastWords } from './telemetry/last-words.ts';
import { errorFacts } from './telemetry/log.ts';

/** Errors whose message was written for whoever typed the command. */
const spoken = [CommandError, ConfigError, KeyStoreError, MigrationError, StartError];

async function main(words: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = words;
  if (name === 'help' || words.includes('--help') || words.includes('-h')) {
    console.log(usage());
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    console.error(`Unknown command.\n\n${usage()}`);
    return 2;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    console.error(describe(error));
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

/** Says what went wrong without repeating what a server or a file said: that may name people. */
function describe(error: unknown): string {
  if (error instanceof AppError) return errorCodes[error.code].title;
  if (error instanceof Error && spoken.some((kind) => error instanceof kind)) return error.message;
  return `Unexpected failure (${errorFacts(error).code}).`;
}

/**
 * Whatever this process and its children make, nobody else may change: whoever can put a public key
 * or compiled code in the place of ours reads what comes after. The caller's mask may say more.
 */
function refuseOthersToWrite(): void {
  const given = process.umask(0o022);
  process.umask(given | 0o022);
}

sayLastWords();
refuseOthersToWrite();
process.exitCode = await main(process.argv.slice(2));
