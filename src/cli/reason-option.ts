import { reasonCharactersMax } from '../domain/check-settings.ts';
import { lineFault } from '../domain/shown-line.ts';
import { CommandError } from './command-error.ts';

/**
 * The reason of an action, as the audit keeps it.
 *
 * @throws {CommandError} when it is none, or would steer the terminal of whoever reads it
 */
export function reasonFrom(text = ''): string {
  const reason = text.trim();
  if (!lineFault(reason, reasonCharactersMax)) return reason;
  throw new CommandError(`--reason must be 1 to ${reasonCharactersMax} characters on one line.`);
}
