import { ConfigError } from '../config/env.ts';
import { commands, usage } from './cli/commands.ts';
import { CommandError } from './cli/command-error.ts';
import { KeyStoreError } from './keys/key-store-error.ts';
import { MigrationError } from './store/migrate.ts';
import { StartError } from './supervisor/start-error.ts';

/** Errors whose message was written for whoever typed the command. */
const spoken = [CommandError, ConfigError, KeyStoreError, MigrationError, StartError];

async function main(words: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = words;
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    console.error(name === 'help' || name === '--help' ? usage() : `Unknown command.\n\n${usage()}`);
    return name === 'help' || name === '--help' ? 0 : 2;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const known = spoken.some((kind) => error instanceof kind);
    console.error(known ? error.message : `Unexpected failure (${error.name}).`);
    if (!known && process.env.LOG_LEVEL === 'debug') console.error(error.stack?.split('\n').slice(1).join('\n'));
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
