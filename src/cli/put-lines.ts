import type { ApiAccess } from './api-access.ts';
import { checkAppointment, type LineFault, readAppointmentLine } from './appointment-line.ts';
import { type ApiAnswer, callApi, problemIn } from './call-api.ts';
import type { DurableLines } from './durable-lines.ts';
import type { Progress } from './progress.ts';
import type { PutState } from './put-state.ts';
import { createTally, type PutCounts } from './put-tally.ts';
import type { Line } from './read-lines.ts';
import { isForLater, type Patience, untilAnswered } from './until-answered.ts';
import { momentWords, reasonToWait, spanWords } from './wait-words.ts';

const patienceMs = 10 * 60_000;
/** A wait that is over before anybody wonders is not told of. */
const toldWaitMs = 2_000;

/** Why no further line is begun. */
export type PutStop = 'stopped' | 'gave up' | 'must wait' | 'key refused' | 'failed';

/** A line that can be sent. */
interface Sendable {
  readonly line: Line;
  readonly bytes: Buffer;
  readonly reference: string;
  readonly body: Record<string, unknown>;
}

interface Told {
  readonly lines: AsyncIterable<Line>;
  readonly totalBytes: number | undefined;
  readonly errors: DurableLines;
  readonly progress: Progress;
  /** Aborted with a `PutStop`: no other line is begun, and what is in the air comes back. */
  readonly stop: AbortController;
}

/** Looks at every line and sends none. */
export async function checkLines(told: Told): Promise<PutCounts> {
  const tally = createTally(told);
  for await (const line of told.lines) {
    if (told.stop.signal.aborted) break;
    const read = readAppointmentLine(line.bytes);
    const fault = read.ok ? withReference(read.reference, checkAppointment(read.body)) : read.fault;
    if (fault) await tally.refused(line, fault);
    else tally.accepted();
    tally.show(line);
  }
  return tally.counts();
}

/**
 * Sends every line that was not done before, some at once, those of one reference in their order.
 *
 * What is said last of a reference stands in the end. So once a line was accepted all later ones of its
 * reference are sent, done before or not; and a line that was done before, but not last, is sent at the end
 * unless something behind it was accepted, or is what was done last.
 *
 * A line is done when its answer, receipt and mark are on the disk: what was in the air when the
 * process is killed is sent again by the next run.
 */
export async function putLines(
  told: Told & {
    readonly access: ApiAccess;
    readonly concurrency: number;
    /** How long to wait at most where the API says when to come back. */
    readonly waitMaxMs: number;
    readonly state: PutState;
    readonly receipts: DurableLines | undefined;
  },
): Promise<PutCounts> {
  const { access, state, receipts, stop, waitMaxMs } = told;
  const tally = createTally(told);
  const running = new Set<Promise<void>>();
  const lastOf = new Map<string, Promise<void>>();
  const moved = new Set<string>();
  /** Done before, but not last, by reference: perhaps an appointment that is moved back. */
  const held = new Map<string, Sendable>();
  const { signal } = stop;
  const patience: Patience = {
    ...{ signal, patienceMs, waitMaxMs, closedUntilMs: 0 },
    ...trouble(told, access),
    ...waiting(told),
  };
  const stopFor = (why: PutStop) => stop.abort(why);
  let failure: unknown;
  let later: PutCounts['later'];

  function fail(error: unknown): void {
    failure ??= error;
    stopFor('failed');
  }

  function letGo(reference: string): void {
    if (held.delete(reference)) tally.skipped();
  }

  async function send({ line, bytes, reference, body: wanted }: Sendable) {
    const answer = await untilAnswered(patience, () =>
      callApi(access, {
        method: 'PUT',
        path: `/v1/appointments/${reference}`,
        body: JSON.stringify(wanted),
      }),
    );
    if (answer === 'stopped' || answer === 'gave up') return stopFor(answer);
    const { status, body } = answer;
    if (isForLater(status)) {
      const retryAt = new Date(Date.now() + (answer.retryAfterMs ?? 0));
      if (!later || later.retryAt < retryAt) later = { reason: reasonToWait(answer), retryAt };
      return stopFor('must wait');
    }
    if (status === 401 || status === 403) return stopFor('key refused');
    if ((status === 200 || status === 201) && isAccepted(body, reference)) {
      await receipts?.append(receiptLine(body));
      await state.markDone({ reference, bytes });
      tally.accepted();
      moved.add(reference);
      letGo(reference);
    } else {
      await state.markRefused({ reference, bytes });
      await tally.refused(line, { reference, status, ...problemIn(body) });
    }
    tally.show(line);
  }

  /** In the order of its reference, and no more at once than are wanted. */
  async function inTurn(reference: string, work: () => Promise<void> | void): Promise<void> {
    const task: Promise<void> = (lastOf.get(reference) ?? Promise.resolve())
      .then(work)
      .catch(fail)
      .finally(() => {
        running.delete(task);
        if (lastOf.get(reference) === task) lastOf.delete(reference);
      });
    running.add(task);
    lastOf.set(reference, task);
    if (running.size >= told.concurrency) await Promise.race(running);
  }

  const begin = async (one: Sendable) => {
    await state.markBegun(one);
    await send(one);
  };

  function leaveDone(one: Sendable, done: 'newest' | 'older'): void {
    letGo(one.reference);
    if (done === 'older') held.set(one.reference, one);
    else tally.skipped();
    tally.show(one.line);
  }

  async function sendAll(): Promise<void> {
    for await (const line of told.lines) {
      if (signal.aborted) break;
      const read = readAppointmentLine(line.bytes);
      if (!read.ok || line.bytes === undefined) {
        if (!read.ok) await tally.refused(line, read.fault);
        continue;
      }
      const { reference, body } = read;
      const one = { line, bytes: line.bytes, reference, body };
      const done = state.takeDone(one);
      if (!done) await inTurn(reference, () => begin(one));
      else if (!lastOf.has(reference) && !moved.has(reference)) leaveDone(one, done);
      else
        await inTurn(reference, () => (moved.has(reference) ? begin(one) : leaveDone(one, done)));
    }
    await Promise.all(running);
    const back = [...held.values()];
    held.clear();
    for (const one of back) if (!signal.aborted) await inTurn(one.reference, () => begin(one));
  }

  // Whatever ends it, what is in the air still brings receipts, which are told once.
  await sendAll().catch(fail);
  await Promise.all(running);
  if (failure) throw failure;
  return { ...tally.counts(), ...(later && { later }) };
}

/** Says once that nothing comes back, and once that it does again. */
function trouble({ progress }: Told, { url }: ApiAccess): Pick<Patience, 'onTrouble'> {
  let isTold = false;
  return {
    onTrouble(isTrouble) {
      if (isTrouble === isTold) return;
      isTold = isTrouble;
      progress.say(
        isTrouble ? `${url} does not answer; trying again. Ctrl+C stops.` : `${url} answers again.`,
      );
    },
  };
}

/** Says once for each wait, that many share, what it is for and how long it lasts. */
function waiting({ progress }: Told): Pick<Patience, 'onWait'> {
  let toldUntilMs = 0;
  return {
    onWait(answer: NonNullable<ApiAnswer>, waitMs: number) {
      const untilMs = Date.now() + waitMs;
      if (waitMs < toldWaitMs || untilMs < toldUntilMs + toldWaitMs) return;
      toldUntilMs = untilMs;
      progress.say(
        `The API says ${reasonToWait(answer)}: waiting ${spanWords(waitMs)}, until ${momentWords(new Date(untilMs))}. Ctrl+C stops.`,
      );
    },
  };
}

/** What else answers at the API's address, as a proxy or a web site does, may say 200 to anything. */
function isAccepted(body: unknown, wanted: string): boolean {
  const { reference, version } = (body ?? {}) as Record<string, unknown>;
  return reference === wanted && typeof version === 'number';
}

function receiptLine(body: unknown): string {
  const { reference, version, receipt, receiptSalt } = (body ?? {}) as Record<string, unknown>;
  return JSON.stringify({ reference, version, receipt, receiptSalt });
}

function withReference(reference: string, fault: LineFault | undefined): LineFault | undefined {
  return fault && { reference, ...fault };
}
