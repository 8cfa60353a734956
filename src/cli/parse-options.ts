import { parseArgs } from 'node:util';
import { CommandError } from './command-error.ts';

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/** @throws {CommandError} that names the option that is unknown or lacks its value */
export function parseOptions<Given extends Options>(words: readonly string[], options: Given) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new CommandError(
      error instanceof Error ? error.message : 'The options could not be read.',
    );
  }
}
