import { ConfigError } from '../config/env.ts';
import { CommandError } from './cli/command-error.ts';
import { commands, usage } from './cli/commands.ts';
import { AppError, errorCodes } from './domain/errors.ts';
import { KeyStoreError } from './keys/key-store-error.ts';
import { MigrationError } from './store/migrate.ts';
import { StartError } from './supervisor/start-error.ts';
import { errorFacts } from './telemetry/log.ts';

/** Errors whose message was written for whoever typed the command. */
const spoken = [CommandError, ConfigError, KeyStoreError, MigrationError, StartError];

async function main(words: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = words;
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    console.error(
      name === 'help' || name === '--help' ? usage() : `Unknown command.\n\n${usage()}`,
    );
    return name === 'help' || name === '--help' ? 0 : 2;
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

process.exitCode = await main(process.argv.slice(2));
