import { setTimeout as wait } from 'node:timers/promises';
import { styleText } from 'node:util';
import { z } from 'zod';
import type { Config } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { apiAccess } from './api-access.ts';
import { callApi, problemIn } from './call-api.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { type Patience, untilAnswered } from './until-answered.ts';

const pollMs = 1_000;

interface Values {
  readonly since?: string | undefined;
  readonly once?: boolean | undefined;
  readonly organisation?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What is printed must not steer a terminal, whoever answers at the API's address. */
const word = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);
const event = z.looseObject({
  id: word,
  type: word,
  at: word,
  reference: word.optional(),
  endpointId: word.optional(),
  incidentId: word.optional(),
  code: word.optional(),
  possibleDuplicate: z.boolean().optional(),
  possiblySent: z.boolean().optional(),
});
const page = z.object({ events: z.array(event), next: word.nullable() });

/** `sotto tail`: polls until it is stopped, however long the API is away meanwhile. */
export async function runTail(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  values: Values,
): Promise<number> {
  const access = apiAccess(config, env, values);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  const patience = createPatience(access.url, stop.signal);
  const { since = 'now' } = values;
  let isAnswered = false;
  let cursor = since === 'start' ? undefined : since;
  try {
    for (;;) {
      const query = new URLSearchParams({ limit: String(limits.pageSizeMax) });
      if (cursor !== undefined) query.set('after', cursor);
      const answer = await untilAnswered(patience, () =>
        callApi(access, { method: 'GET', path: `/v1/events?${query}` }),
      );
      if (answer === 'stopped' || answer === 'gave up') {
        return values.once ? exitCodes.interrupted : exitCodes.fine;
      }
      const { events, next } = pageFrom(answer);
      if (!isAnswered && !values.once) console.error('Following. Ctrl+C ends.');
      isAnswered = true;
      const lines = events.map((one) => `${values.json ? JSON.stringify(one) : lineOf(one)}\n`);
      // What nobody read is told again.
      if (!(await isWritten(lines))) return exitCodes.fine;
      cursor = next ?? cursor;
      const isLast = events.length < limits.pageSizeMax;
      if (values.once && isLast) return exitCodes.fine;
      if (isLast) await pause(stop.signal);
    }
  } finally {
    // However it ends, unless what was typed led nowhere.
    if (isAnswered && cursor !== undefined && cursor !== 'now') {
      console.error(`To go on from here: sotto tail --since ${cursor}`);
    }
  }
}

/** Whether whoever reads has taken it: a reader may have seen enough, and a disk may be full. */
function isWritten(lines: readonly string[]): Promise<boolean> {
  if (lines.length === 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    process.stdout.write(lines.join(''), (error) => resolve(!error));
  });
}

function pageFrom({ status, body }: { status: number; body: unknown }): z.infer<typeof page> {
  const read = page.safeParse(body).data;
  if (status === 200 && read) return read;
  if (status === 422)
    throw new CommandError('--since must be now, start, or a cursor of this API.');
  if (status === 410) {
    throw new CommandError(
      'Events behind that cursor are kept no longer: begin with --since start or --since now.',
    );
  }
  const { code } = problemIn(body);
  throw new CommandError(`The API refuses: ${code} (${status}).`, { exitCode: exitCodes.failed });
}

function lineOf({ at, type, reference, endpointId, ...rest }: z.infer<typeof event>): string {
  const { incidentId, code } = rest;
  const incident = incidentId === undefined ? undefined : `${incidentId} ${code ?? ''}`;
  const flags = [
    ...(rest.possibleDuplicate ? ['possible duplicate'] : []),
    ...(rest.possiblySent ? ['possibly sent'] : []),
  ].map((flag) => `  (${flag})`);
  return `${at}  ${coloured(type, type.padEnd(22))}  ${reference ?? endpointId ?? incident ?? ''}${flags.join('')}`;
}

function coloured(type: string, text: string): string {
  const [, end = ''] = type.split('.');
  if (['failed', 'undelivered', 'expired', 'opened'].includes(end)) return styleText('red', text);
  return end === 'delivered' ? styleText('green', text) : text;
}

function createPatience(url: string, signal: AbortSignal): Patience {
  let isTold = false;
  return {
    signal,
    patienceMs: Number.POSITIVE_INFINITY,
    waitMaxMs: Number.POSITIVE_INFINITY,
    closedUntilMs: 0,
    onTrouble(isTrouble) {
      if (isTrouble === isTold) return;
      isTold = isTrouble;
      console.error(isTrouble ? `${url} does not answer; trying again.` : `${url} answers again.`);
    },
  };
}

async function pause(signal: AbortSignal): Promise<void> {
  await wait(pollMs, undefined, { signal }).catch(() => {});
}
