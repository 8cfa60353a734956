import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ApiAccess } from './api-access.ts';
import { CommandError } from './command-error.ts';
import { openDurableLines } from './durable-lines.ts';
import { exitCodes } from './exit-codes.ts';

const header = 'sotto put 1';
/** A line, or that one was begun or refused, and behind it its reference, which older versions did not write. */
const markShape = /^(begun|refused|[A-Za-z0-9_-]{22})(?: ([A-Za-z0-9_-]{22}))?$/;
const markBytes = 16;

/** What a line is known by. */
export interface MarkedLine {
  readonly reference: string;
  readonly bytes: Buffer;
}

/** Which lines of a file are done, over all runs. */
export interface PutState {
  /**
   * Whether this line was done in an earlier run, and if so, whether it was the last one done of its
   * reference; asked once for each line of this run.
   */
  takeDone(line: MarkedLine): 'newest' | 'older' | undefined;
  /**
   * To be called before a line is sent: where its answer is lost, none that was done before of its
   * reference passes for the last one.
   */
  markBegun(line: MarkedLine): Promise<void>;
  /** What was done last of its reference before it was begun is so still. */
  markRefused(line: MarkedLine): Promise<void>;
  /** Resolves once that would survive a loss of power. */
  markDone(line: MarkedLine): Promise<void>;
  close(): Promise<void>;
}

/**
 * Knows a line and its reference by HMACs under the API key: whoever finds the file and has not the key
 * can test no guess about what a line said, and another key, organisation or API begins anew. A line
 * that stands in the file twice is two.
 *
 * @throws {CommandError} when the file is something else
 */
export async function openPutState(
  path: string,
  access: Pick<ApiAccess, 'url' | 'key' | 'organisation'>,
): Promise<PutState> {
  const { done, newestOf, isNew } = await readMarks(path);
  const lines = await openDurableLines(path, { isNew }).catch(() => {
    throw new CommandError(`${path} cannot be written.`, { exitCode: exitCodes.failed });
  });
  if (isNew) await lines.append(header);
  const key = createHmac('sha256', access.key.reveal())
    .update(`sotto put state\n${access.url}\n${access.organisation ?? ''}`)
    .digest();
  const codeOf = (what: Buffer | string) =>
    createHmac('sha256', key).update(what).digest().subarray(0, markBytes).toString('base64url');
  // No line begins like that.
  const referenceCodeOf = (reference: string) => codeOf(`reference ${reference}`);
  const add = (mark: string, { reference }: MarkedLine) =>
    lines.append(`${mark} ${referenceCodeOf(reference)}`);
  return {
    takeDone(line) {
      const mark = codeOf(line.bytes);
      const left = done.get(mark) ?? 0;
      if (left === 0) return undefined;
      done.set(mark, left - 1);
      const newest = newestOf.get(referenceCodeOf(line.reference));
      // An older version marked it: it passes for the last one, and is from now on known as that.
      if (newest === undefined) add(mark, line).catch(() => {});
      return newest === undefined || newest === mark ? 'newest' : 'older';
    },
    async markBegun(line) {
      if (newestOf.has(referenceCodeOf(line.reference))) await add('begun', line);
    },
    async markRefused(line) {
      if (newestOf.has(referenceCodeOf(line.reference))) await add('refused', line);
    },
    markDone(line) {
      const mark = codeOf(line.bytes);
      newestOf.set(referenceCodeOf(line.reference), mark);
      return add(mark, line);
    },
    close: () => lines.close(),
  };
}

/** What cannot be resumed: input that is read once. */
export const noPutState: PutState = {
  takeDone: () => undefined,
  markBegun: async () => {},
  markRefused: async () => {},
  markDone: async () => {},
  close: async () => {},
};

async function readMarks(path: string) {
  const done = new Map<string, number>();
  const newestOf = new Map<string, string>();
  const beforeBegun = new Map<string, string>();
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new CommandError(`${path} cannot be read.`, { exitCode: exitCodes.failed });
  });
  const [first, ...marks] = text.split('\n');
  // A run that was killed at its very beginning may have left half of the first line.
  if (header.startsWith(text.trimEnd())) return { done, newestOf, isNew: true };
  if (first !== header) {
    throw new CommandError(`${path} is no state of sotto put: name another with --state.`);
  }
  for (const each of marks) {
    const [, mark, reference] = markShape.exec(each) ?? [];
    if (mark === undefined) continue;
    done.set(mark, (done.get(mark) ?? 0) + 1);
    if (reference === undefined) continue;
    if (mark === 'begun') beforeBegun.set(reference, newestOf.get(reference) ?? mark);
    newestOf.set(reference, mark === 'refused' ? (beforeBegun.get(reference) ?? mark) : mark);
  }
  return { done, newestOf, isNew: false };
}
