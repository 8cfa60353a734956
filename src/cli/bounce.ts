import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, ConfigError } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { Secret } from '../domain/secret.ts';
import { KeyStoreError } from '../keys/key-store-error.ts';
import { addressesOf } from './callbacks.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';

/** `stuck`: it cannot be read, or was taken and cannot be deleted; `gone`: another run was quicker. */
type Answer = 'taken' | 'refused' | 'later' | 'stuck' | 'gone';

const answerTimeoutMs = 20_000;

interface BounceWords {
  readonly values: {
    readonly 'url-file'?: string | undefined;
    readonly json?: boolean | undefined;
  };
  readonly positionals: readonly string[];
}

/** A raw message, and what is to be done once it was taken. */
interface Message {
  readonly read: () => Promise<Buffer>;
  readonly taken: () => Promise<void>;
}

/**
 * `sotto bounce`: hands over what came to the return path, from files, from the new messages of
 * Maildirs, or from standard input for a mail server's pipe.
 *
 * Exits with 75 (EX_TEMPFAIL) for anything that may pass or that somebody can mend, so that the mail
 * server keeps the message, and with 65 (EX_DATAERR) for a message that will never be taken. It
 * prints counts and nothing of any message. The address is a secret, so it is taken from a file or made
 * from the key, and never from the command line, which every user of the machine can list.
 *
 * @param load reads the configuration; its faults too are no reason to lose a message
 */
export async function runBounce(
  load: () => Config,
  { values, positionals }: BounceWords,
): Promise<number> {
  const url = await addressFrom({ load, urlFile: values['url-file'] });
  if (positionals.length === 0 && process.stdin.isTTY)
    throw new CommandError('Name files or Maildirs, or pipe a message in.');
  const messages = positionals.length > 0 ? await messagesIn(positionals) : [standardInput];
  const counts: Record<Answer, number> = { taken: 0, refused: 0, later: 0, stuck: 0, gone: 0 };
  for (const message of messages) {
    const answer = await handOver(url, message);
    counts[answer] += 1;
    // The next one would wait as long for the same api.
    if (answer === 'later') break;
  }
  const waiting = messages.length - counts.taken - counts.refused - counts.gone;
  console.log(
    values.json
      ? JSON.stringify({ taken: counts.taken, refused: counts.refused, waiting })
      : `taken: ${counts.taken}, refused: ${counts.refused}, to try again: ${waiting}`,
  );
  if (counts.later > 0) console.error('The api did not take them. Is it running?');
  if (counts.stuck > 0) console.error(`${counts.stuck} could not be read or deleted.`);
  if (counts.refused > 0) {
    const kilobytes = limits.bounceBytesMax / 1024;
    console.error(
      `Refused are messages that are empty, or larger than ${kilobytes} KiB. In a Maildir they stay: remove them by hand.`,
    );
  }
  if (counts.later + counts.stuck > 0) return exitCodes.later;
  return counts.refused > 0 ? exitCodes.refused : exitCodes.fine;
}

async function addressFrom({
  load,
  urlFile,
}: {
  load: () => Config;
  urlFile: string | undefined;
}): Promise<Secret<string>> {
  try {
    if (urlFile === undefined) return (await addressesOf(load())).bounce;
    const given = await readFile(urlFile, 'utf8');
    if (!/^https?:$/.test(URL.parse(given.trim())?.protocol ?? '')) {
      throw new CommandError('The address must begin with http:// or https://.');
    }
    return new Secret(given.trim());
  } catch (error) {
    const said =
      error instanceof CommandError ||
      error instanceof ConfigError ||
      error instanceof KeyStoreError
        ? error.message
        : `${urlFile ?? 'The key'} cannot be read.`;
    throw new CommandError(said, { exitCode: exitCodes.later });
  }
}

async function handOver(url: Secret<string>, message: Message): Promise<Answer> {
  try {
    const bytes = await message.read();
    if (bytes.length === 0 || bytes.length > limits.bounceBytesMax) return 'refused';
    const answer = await post(url, bytes);
    if (answer === 'taken') await message.taken();
    return answer;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'stuck';
  }
}

async function post(url: Secret<string>, bytes: Buffer): Promise<'taken' | 'refused' | 'later'> {
  try {
    const answer = await fetch(url.reveal(), {
      method: 'POST',
      headers: { 'content-type': 'message/rfc822' },
      body: new Uint8Array(bytes),
      redirect: 'error',
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    await answer.body?.cancel();
    if (answer.ok) return 'taken';
    // A wrong address is mended by whoever set it up; until then the message waits.
    return answer.status === 400 || answer.status === 413 ? 'refused' : 'later';
  } catch {
    return 'later';
  }
}

const standardInput: Message = {
  async read() {
    const parts: Buffer[] = [];
    let length = 0;
    // Read to its end, however long: a mail server whose pipe breaks would call that its own failure.
    for await (const part of process.stdin) {
      if (length <= limits.bounceBytesMax) parts.push(part);
      length += part.length;
    }
    return Buffer.concat(parts);
  },
  taken: async () => {},
};

async function messagesIn(names: readonly string[]): Promise<Message[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return (await stat(name)).isDirectory() ? await newInMaildir(name) : [fileMessage(name)];
      } catch {
        throw new CommandError(`${name} cannot be read.`, { exitCode: exitCodes.later });
      }
    }),
  );
  return found.flat();
}

function fileMessage(path: string): Message {
  return { read: () => readFile(path), taken: async () => {} };
}

/**
 * New messages of a Maildir. One that was taken is deleted: returned mail holds a patient's address and link.
 *
 * @see https://cr.yp.to/proto/maildir.html
 */
async function newInMaildir(folder: string): Promise<Message[]> {
  const names = await readdir(join(folder, 'new'));
  return names.sort().map((name) => {
    const path = join(folder, 'new', name);
    return {
      read: () => readFile(path),
      taken: () => rm(path, { force: true }),
    };
  });
}
