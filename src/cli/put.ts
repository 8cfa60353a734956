import { rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { type ApiAccess, apiAccess } from './api-access.ts';
import { CommandError } from './command-error.ts';
import { type DurableLines, openDurableLines } from './durable-lines.ts';
import { exitCodes } from './exit-codes.ts';
import { millisecondsFrom } from './moments.ts';
import { createProgress } from './progress.ts';
import { openInput } from './put-input.ts';
import { checkLines, type PutStop, putLines } from './put-lines.ts';
import { noPutState, openPutState } from './put-state.ts';
import type { PutCounts } from './put-tally.ts';
import { readLines } from './read-lines.ts';
import { momentWords, spanWords } from './wait-words.ts';

/** The reference stands in the line beside the body, and JSON may be written with spaces. */
const lineBytesMax = limits.requestBytesMax * 2;
const concurrencyDefault = 16;
const waitDefault = 'PT10M';
const concurrencyMax = 64;
const sameSignalMs = 500;

interface Values {
  readonly organisation?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly wait?: string | undefined;
  readonly receipts?: string | undefined;
  readonly state?: string | undefined;
  readonly errors?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `sotto put`. */
export async function runPut(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  { values, positionals }: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  const [file] = positionals;
  if (!file) throw new CommandError('Name a file, or - for standard input.');
  const concurrency = concurrencyFrom(values.concurrency);
  const waitMaxMs = millisecondsFrom('--wait', values.wait ?? waitDefault, Temporal.Now.instant());
  const access = values['dry-run'] ? undefined : apiAccess(config, env, values);
  const names = namesOf(file, values);
  await refuseSameFile([file, names.errors, names.state, values.receipts]);
  const stop = new AbortController();
  const input = await openInput(file, stop.signal);
  const forgetSignals = stopOnSignals(stop);
  const state = access && names.state ? await openPutState(names.state, access) : noPutState;
  const receipts =
    access && values.receipts ? await openPrivately(values.receipts, { isNew: false }) : undefined;
  const errors = await openPrivately(names.errors, { isNew: true });
  const lines = readLines(input.parts(), { bytesMax: lineBytesMax });
  const progress = createProgress(process.stderr);
  try {
    const told = { lines, totalBytes: input.totalBytes, errors, progress, stop };
    const counts = access
      ? await putLines({ ...told, access, concurrency, waitMaxMs, state, receipts })
      : await checkLines(told);
    progress.end();
    return await tell(counts, stop.signal, { values, names, access, waitMaxMs });
  } finally {
    progress.end();
    forgetSignals();
    await Promise.all([state.close(), receipts?.close(), errors.close()]);
    input.stream.destroy();
  }
}

async function tell(
  counts: PutCounts,
  { aborted, reason }: AbortSignal,
  {
    values,
    names,
    access,
    waitMaxMs,
  }: {
    values: Values;
    names: ReturnType<typeof namesOf>;
    access: ApiAccess | undefined;
    waitMaxMs: number;
  },
): Promise<number> {
  const { accepted, refused, skipped, later } = counts;
  const end: PutStop | 'done' = aborted ? reason : 'done';
  // One that got nowhere, or only looked, leaves the list of the run before.
  const isThrough = access !== undefined && end === 'done';
  if (refused === 0 && (isThrough || (await isEmpty(names.errors)))) {
    await rm(names.errors, { force: true });
  }
  const word = access ? 'accepted' : 'well formed';
  if (values.json) {
    console.log(
      JSON.stringify({
        ...{ accepted, refused, skipped, end, ...later },
        errors: refused > 0 ? names.errors : null,
      }),
    );
  } else {
    console.log(
      `${accepted} ${word}, ${refused} refused${skipped > 0 ? `, ${skipped} done before` : ''}.`,
    );
  }
  if (refused > 0) console.error(`Refused lines, by number and code: ${names.errors}`);
  if (end === 'done') return refused > 0 ? exitCodes.failed : exitCodes.fine;
  if (end === 'key refused') {
    console.error(
      'The API refuses the key: is it revoked, without scope write, or for another organisation?',
    );
  }
  if (later && end === 'must wait') {
    console.error(
      `The API says ${later.reason}: try again from ${momentWords(later.retryAt)} on. That is longer than ${spanWords(waitMaxMs)}; --wait says how long to wait.`,
    );
  }
  if (end === 'gave up') console.error(`The API at ${access?.url} did not answer. Is it running?`);
  console.error(
    names.state
      ? 'Stopped. To go on from here, run the same command again.'
      : 'Stopped. What was read from standard input cannot be continued without --state.',
  );
  if (end === 'must wait') return exitCodes.later;
  return end === 'stopped' ? exitCodes.interrupted : exitCodes.failed;
}

function namesOf(file: string, values: Values) {
  const isFile = file !== '-';
  return {
    state: values.state ?? (isFile ? `${file}.done` : undefined),
    errors: values.errors ?? `${isFile ? file : 'stdin'}.errors.ndjson`,
  };
}

/** One would be written over the other. */
async function refuseSameFile(names: readonly (string | undefined)[]): Promise<void> {
  const paths = names.filter((name) => name !== undefined).filter((name) => name !== '-');
  const files = await Promise.all(paths.map(identityOf));
  if (new Set(files).size < files.length) {
    throw new CommandError('The input, --state, --errors and --receipts must be different files.');
  }
}

/** The same for every name of a file; one that is not there yet goes by its path. */
async function identityOf(path: string): Promise<string> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  return facts ? `${facts.dev} ${facts.ino}` : resolve(path);
}

async function isEmpty(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.size === 0;
}

async function openPrivately(path: string, options: { isNew: boolean }): Promise<DurableLines> {
  return openDurableLines(path, options).catch(() => {
    throw new CommandError(`${path} cannot be written.`, { exitCode: exitCodes.failed });
  });
}

function concurrencyFrom(text = String(concurrencyDefault)): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= concurrencyMax) return count;
  throw new CommandError(`--concurrency must be a whole number from 1 to ${concurrencyMax}.`);
}

/**
 * Ctrl+C once lets what is in the air come back; again, it ends at once, as a kill would. Whoever
 * started us may pass on a signal that the terminal has sent us too: that is the same one.
 */
function stopOnSignals(stop: AbortController): () => void {
  let firstMs = Number.POSITIVE_INFINITY;
  const onSignal = () => {
    if (performance.now() - firstMs > sameSignalMs) process.exit(exitCodes.interrupted);
    firstMs = Math.min(firstMs, performance.now());
    stop.abort('stopped' satisfies PutStop);
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return () => {
    for (const name of names) process.off(name, onSignal);
  };
}
