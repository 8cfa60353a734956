import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { leastValidityMs } from '../../config/retry.ts';
import type { Secret } from '../domain/secret.ts';
import { validitySeconds } from '../domain/validity.ts';
import type { Database } from '../store/database.ts';
import { type IntendedAttempt, type QueuedEnd, writeIntents } from '../store/dispatch.ts';
import { findRevokedSelectors } from '../store/revoked-keys.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { SendOutcome } from '../transport/transport.ts';
import { endQueued } from './end-queued.ts';
import type { OpenedReminder } from './open-reminder.ts';
import type { OutcomeRecorder } from './record-outcome.ts';
import type { Route } from './routes.ts';
import type { Moment, SenderPace } from './sender-pace.ts';

const tokenBytes = 16;
/** Until the database or the keys are back. */
const suppressionsWaitMs = 30_000;
/** Longer than it takes to read which link keys may be used now. */
const revokedWaitMs = 10_000;

export interface SendDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly recorder: OutcomeRecorder;
  /** Which of these contact points said stop. */
  readonly findSuppressed: (
    contacts: readonly { reminderId: string; to: Secret<string> }[],
  ) => Promise<ReadonlySet<string>>;
  readonly log: Log;
}

/** One batch on its way along one route, timed by this process' own clock. */
export interface BatchRun {
  readonly batchId: string;
  readonly route: Route;
  /** Milliseconds that only go forward. */
  readonly clock: () => number;
  readonly claimedAtMs: number;
  /** No send starts any more: the lease may soon be another's, or the process is to end. */
  readonly isOver: () => boolean;
  /** Of a slice of one, where the sender's rate is kept to the message. */
  readonly paced?: { readonly pace: SenderPace; readonly moment: Moment };
}

interface Planned {
  readonly opened: OpenedReminder;
  readonly attempt: IntendedAttempt;
}

/**
 * Writes the intent for a slice, sends what may be sent, and records what became of it. A place of
 * the route has been taken for each reminder, and is given back here.
 */
export async function sendSlice(
  deps: SendDeps,
  run: BatchRun,
  slice: readonly OpenedReminder[],
): Promise<void> {
  const { batchId, route } = run;
  const ends = await findEnds(deps, run, slice);
  route.slots.give(ends.size);
  await endQueued(deps, { batchId, ends: Array.from(ends.values()) });
  const planned = intend(slice.filter((opened) => !ends.has(opened)));
  if (planned.length === 0) return;
  const intended = await writeOrGiveBack(deps, run, planned);
  if (!intended) return route.slots.give(planned.length);
  const allowed = planned.filter(({ attempt }) => intended.has(attempt.reminderId));
  const changed = planned.filter(({ attempt }) => !intended.has(attempt.reminderId));
  route.slots.give(changed.length);
  await Promise.all([
    ...allowed.map((one) => sendOne(deps, run, one)),
    giveBackChanged(deps, batchId, changed),
  ]);
}

/**
 * What was changed since it was opened is taken again at once. What was signed under a key that was
 * revoked since waits until this process uses another: nothing else would make the next time differ.
 */
async function giveBackChanged(
  deps: SendDeps,
  batchId: string,
  changed: readonly Planned[],
): Promise<void> {
  if (changed.length === 0) return;
  const revoked = await findRevokedSelectors(deps.database).catch((error: unknown) => {
    deps.log.warn('revoked keys could not be looked up', { ...errorFacts(error), batchId });
  });
  const waits = ({ selector }: OpenedReminder) => revoked?.includes(selector) ?? true;
  const count = changed.filter(({ opened }) => waits(opened)).length;
  if (revoked && count > 0)
    deps.log.warn('links under a revoked key wait for another', { batchId, count });
  const ends = changed.map(({ opened }) =>
    released(opened, waits(opened) ? revokedWaitMs : undefined),
  );
  await endQueued(deps, { batchId, ends });
}

/**
 * What is not to be sent any more: there is no time left to deliver it, or somebody said stop. A batch
 * may have waited for its turn, so this is asked for each slice anew.
 */
async function findEnds(
  deps: SendDeps,
  { batchId, route, clock, claimedAtMs }: BatchRun,
  slice: readonly OpenedReminder[],
): Promise<Map<OpenedReminder, QueuedEnd>> {
  const elapsedMs = clock() - claimedAtMs;
  const ends = new Map<OpenedReminder, QueuedEnd>();
  for (const opened of slice) {
    const { reminderId, untilNotAfterMs } = opened.reminder;
    if (untilNotAfterMs - elapsedMs >= leastValidityMs) continue;
    ends.set(opened, { reminderId, to: 'expired', reason: 'too_late' });
  }
  const left = slice.filter((opened) => !ends.has(opened));
  if (route.reachesNobody || left.length === 0) return ends;
  try {
    const suppressed = await deps.findSuppressed(
      left.map(({ reminder, to }) => ({ reminderId: reminder.reminderId, to })),
    );
    for (const opened of left) {
      const { reminderId } = opened.reminder;
      if (!suppressed.has(reminderId)) continue;
      ends.set(opened, { reminderId, to: 'suppressed', reason: 'opted_out' });
    }
  } catch (error) {
    deps.log.warn('who said stop could not be looked up', { ...errorFacts(error), batchId });
    for (const opened of left) ends.set(opened, released(opened, suppressionsWaitMs));
  }
  return ends;
}

/** Gives a reminder back to be taken again, after a while where it is no use to try at once. */
export function released({ reminder }: OpenedReminder, dueInMs?: number): QueuedEnd {
  return { reminderId: reminder.reminderId, to: 'scheduled', dueInMs };
}

function intend(slice: readonly OpenedReminder[]): Planned[] {
  // One request for all of them: asking costs more than the bytes.
  const tokens = randomBytes(slice.length * tokenBytes);
  return slice.map((opened, place) => {
    const { reminder, link, selector } = opened;
    const attempt = {
      attemptId: randomUUIDv7(),
      token: tokens.subarray(place * tokenBytes, (place + 1) * tokenBytes),
      reminderId: reminder.reminderId,
      linkId: link.id,
      lookup: link.lookup,
      selector,
    };
    return { opened, attempt };
  });
}

/** @returns the reminders that may be sent now; undefined after an error, with all of them given back */
async function writeOrGiveBack(
  deps: SendDeps,
  run: BatchRun,
  planned: readonly Planned[],
): Promise<Set<string> | undefined> {
  const { batchId, route } = run;
  try {
    return await writeIntents(deps.database, {
      batchId,
      transport: route.transport.name,
      attempts: planned.map(({ attempt }) => attempt),
    });
  } catch (error) {
    // The commit may have gone through all the same, or be under way still, for longer than anybody
    // waits for it here. Nothing has been sent, and that is recorded.
    deps.log.warn('intents could not be written', { ...errorFacts(error), batchId });
    await endQueued(deps, { batchId, ends: planned.map(({ opened }) => released(opened)) });
    const isUnderWay = true;
    await Promise.all(
      planned.map(({ attempt }) => recordNotStarted(deps, run, attempt, { isUnderWay })),
    );
    return undefined;
  }
}

async function sendOne(deps: SendDeps, run: BatchRun, planned: Planned): Promise<void> {
  const { attempt, opened } = planned;
  const outcome = await handOff(deps, run, planned);
  if (!outcome) return recordNotStarted(deps, run, attempt);
  const { attemptId, reminderId } = attempt;
  await deps.recorder.record({ attemptId, reminderId, outcome });
  if (outcome.kind === 'refused' && outcome.reason === 'opted_out') {
    await tellOfOptOut(deps, run, opened);
  }
}

/** @returns undefined when nothing was begun */
async function handOff(
  deps: SendDeps,
  { route, clock, claimedAtMs, isOver, paced }: BatchRun,
  { attempt, opened }: Planned,
): Promise<SendOutcome | undefined> {
  const send = async (moment?: Moment) => {
    // The intent's commit may have taken long, and so may the wait for a socket.
    if (isOver() || (moment && paced?.pace.isMissed(moment))) return undefined;
    const leftMs = opened.reminder.untilNotAfterMs - (clock() - claimedAtMs);
    return route.transport.send({
      ...opened.message,
      to: opened.to,
      attemptToken: attempt.token.toString('base64url'),
      validitySeconds: validitySeconds(leftMs),
    });
  };
  // What a process was held up with since its intent is not sent: it may have been cancelled. The
  // breaker hears nothing of it: it says nothing of the provider.
  const atMoment = async ({ pace, moment }: NonNullable<BatchRun['paced']>) => {
    const reached = await pace.reach(moment);
    return reached && route.breaker.run(() => send(reached));
  };
  try {
    return await route.slots.through(() =>
      paced ? atMoment(paced) : route.breaker.run(() => send()),
    );
  } catch (error) {
    // A transport that throws breaks its promise, after who knows what it has sent.
    deps.log.error('a transport threw', { ...errorFacts(error), attemptId: attempt.attemptId });
    return { kind: 'uncertain', reason: 'unclear_answer' };
  }
}

async function recordNotStarted(
  deps: SendDeps,
  { route }: BatchRun,
  { attemptId, reminderId }: IntendedAttempt,
  { isUnderWay = false } = {},
): Promise<void> {
  const retryInMs = route.breaker.allows() === 'all' ? 0 : route.breaker.waitMs();
  await deps.recorder.record({
    ...{ attemptId, reminderId },
    outcome: { kind: 'not_started', retryInMs, isUnderWay },
  });
}

/** Only once the outcome is safe. Lost, it is told again: the provider refuses the next one too. */
async function tellOfOptOut(deps: SendDeps, { route }: BatchRun, opened: OpenedReminder) {
  const { reminder, to } = opened;
  try {
    await route.recordOptOut?.({ channel: reminder.channel, contact: to });
  } catch (error) {
    const { reminderId } = reminder;
    deps.log.error('an opt-out could not be recorded', { ...errorFacts(error), reminderId });
  }
}
