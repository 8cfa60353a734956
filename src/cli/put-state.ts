import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ApiAccess } from './api-access.ts';
import { CommandError } from './command-error.ts';
import { openDurableLines } from './durable-lines.ts';
import { exitCodes } from './exit-codes.ts';

const header = 'sotto put 1';
const markShape = /^[A-Za-z0-9_-]{22}$/;
const markBytes = 16;

/** Which lines of a file are done, over all runs. */
export interface PutState {
  /** Whether this line was done in an earlier run; asked once for each line of this run. */
  takeDone(bytes: Buffer): boolean;
  /** Resolves once that would survive a loss of power. */
  markDone(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

/**
 * Knows a line by an HMAC under the API key: whoever finds the file and has not the key can test no
 * guess about what a line said, and another key, organisation or API begins anew. A line that stands
 * in the file twice is two.
 *
 * @throws {CommandError} when the file is something else
 */
export async function openPutState(
  path: string,
  access: Pick<ApiAccess, 'url' | 'key' | 'organisation'>,
): Promise<PutState> {
  const { done, isNew, isTorn } = await readMarks(path);
  const lines = await openDurableLines(path, { isNew }).catch(() => {
    throw new CommandError(`${path} cannot be written.`, { exitCode: exitCodes.failed });
  });
  if (isNew) await lines.append(header);
  if (isTorn) await lines.append('');
  const key = createHmac('sha256', access.key.reveal())
    .update(`sotto put state\n${access.url}\n${access.organisation ?? ''}`)
    .digest();
  const markOf = (bytes: Buffer) =>
    createHmac('sha256', key).update(bytes).digest().subarray(0, markBytes).toString('base64url');
  return {
    takeDone(bytes) {
      const mark = markOf(bytes);
      const left = done.get(mark) ?? 0;
      if (left > 0) done.set(mark, left - 1);
      return left > 0;
    },
    markDone: (bytes) => lines.append(markOf(bytes)),
    close: () => lines.close(),
  };
}

/** What cannot be resumed: input that is read once. */
export const noPutState: PutState = {
  takeDone: () => false,
  markDone: async () => {},
  close: async () => {},
};

async function readMarks(path: string) {
  const done = new Map<string, number>();
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new CommandError(`${path} cannot be read.`, { exitCode: exitCodes.failed });
  });
  const [first, ...marks] = text.split('\n');
  // A run that was killed at its very beginning may have left half of the first line.
  if (header.startsWith(text.trimEnd())) return { done, isNew: true, isTorn: false };
  if (first !== header) {
    throw new CommandError(`${path} is no state of sotto put: name another with --state.`);
  }
  for (const mark of marks) if (markShape.test(mark)) done.set(mark, (done.get(mark) ?? 0) + 1);
  return { done, isNew: false, isTorn: !text.endsWith('\n') };
}
