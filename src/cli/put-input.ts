import { once } from 'node:events';
import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';

/**
 * What is put: a file, or standard input for `-`. It ends early once the signal is aborted.
 *
 * @throws {CommandError} when that is no file, or none that this user may read
 */
export async function openInput(file: string, signal: AbortSignal) {
  const opened = file === '-' ? undefined : await openFile(file);
  const stream = opened?.stream ?? process.stdin;
  // Whoever pipes something in may not say anything more for long.
  signal.addEventListener('abort', () => stream.destroy());
  return {
    stream,
    totalBytes: opened?.bytes,
    async *parts(): AsyncGenerator<Buffer> {
      try {
        yield* stream as AsyncIterable<Buffer>;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

async function openFile(path: string): Promise<{ stream: ReadStream; bytes: number }> {
  try {
    const facts = await stat(path);
    // A pipe that nobody writes to would never open.
    if (!facts.isFile()) throw new Error('no file');
    const stream = createReadStream(path);
    await once(stream, 'open');
    return { stream, bytes: facts.size };
  } catch {
    throw new CommandError(`${path} is no file that can be read.`, { exitCode: exitCodes.failed });
  }
}
