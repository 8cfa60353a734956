import { ConfigError } from '../config/env.ts';
import packageFile from '../package.json' with { type: 'json' };
import { CommandError } from './cli/command-error.ts';
import { commands } from './cli/commands.ts';
import { exitCodes, failedCodeOf } from './cli/exit-codes.ts';
import { helpOf, overview, usageOf } from './cli/help.ts';
import { nearest } from './cli/nearest.ts';
import { watchAnswer } from './cli/whole-answer.ts';
import { AppError, errorCodes } from './domain/errors.ts';
import { KeyStoreError } from './keys/key-store-error.ts';
import { mendOfKeyProblem } from './keys/mend-of-key-problem.ts';
import { MigrationError } from './store/migrate.ts';
import { StartError } from './supervisor/start-error.ts';
import { sayLastWords } from './telemetry/last-words.ts';
import { errorFacts } from './telemetry/log.ts';

/** Errors whose message was written for whoever typed the command. */
const spoken = [CommandError, ConfigError, KeyStoreError, MigrationError, StartError];

async function main(words: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = words;
  if (name === '--version') return answer(packageFile.version);
  if (name === 'help' || name === '--help' || name === '-h') return help(rest[0]);
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) return refuseUnknown(name);
  const end = rest.indexOf('--');
  const options = end < 0 ? rest : rest.slice(0, end);
  if (options.includes('--help') || options.includes('-h')) return help(name);
  try {
    return await command.run(rest);
  } catch (error) {
    console.error(describe(error));
    if (!(error instanceof CommandError)) return failedCodeOf(name);
    if (error.exitCode === exitCodes.wrongUsage) {
      console.error(`\n${usageOf(command, process.stderr)}\n\nsotto ${name} --help says more.`);
    }
    return error.exitCode;
  }
}

function help(name: string | undefined): number {
  if (name === undefined || name.startsWith('-')) {
    return answer(overview(commands, process.stdout));
  }
  const command = commands.find((candidate) => candidate.name === name);
  return command ? answer(helpOf(command, process.stdout)) : refuseUnknown(name);
}

function answer(text: string): number {
  console.log(text);
  return exitCodes.fine;
}

function refuseUnknown(typed: string): number {
  const near = nearest(typed, ['help', ...commands.map(({ name }) => name)]);
  const said = near === undefined ? 'Unknown command.' : `Unknown command. Did you mean ${near}?`;
  console.error(`${said}\nsotto --help lists what there is.`);
  return exitCodes.wrongUsage;
}

/** Each problem, and what to do about it once. */
function describeKeys({ problems }: KeyStoreError): string {
  const mends = new Set(problems.map(mendOfKeyProblem));
  return [...problems, ...Array.from(mends, (mend) => `→ ${mend}`)].join('\n');
}

/** Says what went wrong without repeating what a server or a file said: that may name people. */
function describe(error: unknown): string {
  if (error instanceof KeyStoreError) return describeKeys(error);
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

const words = process.argv.slice(2);
const failedCode = failedCodeOf(words[0]);
sayLastWords(failedCode);
refuseOthersToWrite();
// A role answers nobody, and its log does not go through this stream.
const isRole = commands.some(({ name, group }) => name === words[0] && group === 'Roles');
const exitCodeOf = isRole ? (code: number) => code : watchAnswer(failedCode);
process.exitCode = exitCodeOf(await main(words));
