import { fstatSync, writeSync } from 'node:fs';
import { exitCodes } from './exit-codes.ts';

/**
 * From now on an answer that could not be written whole, as on a full disk, is said on stderr and does
 * not end with 0. Whoever reads a pipe may have seen enough, as head does: that is no failure.
 *
 * @param failedCode what the command exits with then, unless it has failed anyway
 * @returns which code to exit with, given the one of the command
 */
export function watchAnswer(failedCode: number): (code: number) => number {
  let isCut = false;
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (isCut || code === 'EPIPE') return;
    isCut = true;
    // The command may be done before the stream says it.
    process.exitCode ||= failedCode;
    console.error(`Not all of the answer could be written (${code}).`);
  });
  if (fstatSync(process.stdout.fd).isFile()) process.stdout._write = writeWhole;
  return (code) => (code === exitCodes.fine && isCut ? failedCode : code);
}

/** The runtime's own takes it for written when a disk took the first part of it and had no room for the rest. */
function writeWhole(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
  try {
    let length = 0;
    while (length < chunk.length) length += writeSync(process.stdout.fd, chunk, length);
    done();
  } catch (error) {
    done(error as Error);
  }
}
