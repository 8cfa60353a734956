import { text } from 'node:stream/consumers';
import { CommandError } from './command-error.ts';

export interface GivenContact {
  readonly channel: 'sms' | 'email';
  readonly text: string;
}

/**
 * Reads whom a command is about from standard input, so that no list of processes and no history of
 * a shell holds it. It looks at the shape alone.
 *
 * @throws {CommandError} for anything but one phone number or one email address
 */
export async function readContact(): Promise<GivenContact> {
  if (process.stdin.isTTY) console.error('The phone number or email address, then Ctrl+D:');
  const given = (await text(process.stdin)).trim();
  if (/^\+[\d ().-]{7,25}$/.test(given)) return { channel: 'sms', text: given };
  if (/^[^\s@]+@[^\s@]+$/.test(given)) return { channel: 'email', text: given };
  throw new CommandError('Standard input must hold one phone number with + or one email address.');
}
