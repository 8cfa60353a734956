import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { leastValidityMs } from '../../config/retry.ts';
import type { Secret } from '../domain/secret.ts';
import type { Database } from '../store/database.ts';
import {
  type IntendedAttempt,
  loadQueuedBatch,
  type QueuedEnd,
  type QueuedReminder,
  writeIntents,
} from '../store/dispatch.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { Transport } from '../transport/transport.ts';
import { endQueued } from './end-queued.ts';
import { type OpenedReminder, type OpenReminderDeps, openReminder } from './open-reminder.ts';
import type { OutcomeRecorder } from './record-outcome.ts';
import type { SendBreaker } from './send-breaker.ts';
import type { SendSlots } from './send-slots.ts';

export interface DispatchDeps extends OpenReminderDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly transport: Transport;
  readonly breaker: SendBreaker;
  readonly slots: SendSlots;
  readonly recorder: OutcomeRecorder;
  readonly epochPrivateKey: (day: string) => Promise<Secret<Buffer> | undefined>;
  /** Which of these contact points said stop. */
  readonly findSuppressed: (
    contacts: readonly { reminderId: string; to: Secret<string> }[],
  ) => Promise<ReadonlySet<string>>;
  readonly log: Log;
  /** Milliseconds that only go forward. */
  readonly monotonicMs?: () => number;
  /** Aborted when the process is to end: nothing new is begun. */
  readonly stopping?: AbortSignal;
}

const newKeyWaitMs = 30_000;

/** One batch on its way, timed by this process' own clock. */
interface BatchRun {
  readonly batchId: string;
  readonly claimedAtMs: number;
  /** No send starts after it. */
  readonly deadlineMs: number;
}

/**
 * Sends what is left of a batch, each reminder at most once.
 *
 * A bell may come twice, late, or for a batch that somebody else has: what may be sent is decided by
 * the commit that writes the intent, and by nothing else. Nothing is thrown for a single reminder.
 *
 * @throws when the database is away before anything was begun; the lease brings the batch back
 */
export async function dispatchBatch(deps: DispatchDeps, batchId: string): Promise<void> {
  const clock = deps.monotonicMs ?? (() => performance.now());
  const claimedAtMs = clock();
  const queued = await loadQueuedBatch(deps.database, batchId);
  if (queued.length === 0) return;
  const leaseLeftMs = Math.min(...queued.map((reminder) => reminder.leaseLeftMs));
  const deadlineMs = claimedAtMs + leaseLeftMs - limits.leaseMarginMs;
  const run = { batchId, claimedAtMs, deadlineMs };

  const { opened, ended } = await openBatch(deps, queued);
  await endQueued(deps, { batchId, ends: ended });
  const sends: Promise<void>[] = [];
  const left = [...opened];
  while (left.length > 0 && !deps.stopping?.aborted && clock() < run.deadlineMs) {
    const allowed = deps.breaker.allows();
    if (allowed === 'none') break;
    const taken = await deps.slots.take(allowed === 'one' ? 1 : left.length);
    const slice = left.splice(0, taken);
    if (clock() >= run.deadlineMs || deps.stopping?.aborted) {
      deps.slots.give(taken);
      left.push(...slice);
      break;
    }
    const sent = sendSlice(deps, run, slice);
    sends.push(sent);
    // One probe decides whether the rest may follow.
    if (allowed === 'one') await sent;
  }
  const dueInMs = deps.breaker.allows() === 'all' ? undefined : deps.breaker.waitMs();
  await endQueued(deps, { batchId, ends: left.map(released(dueInMs)) });
  await Promise.all(sends);
}

function released(dueInMs: number | undefined): (opened: OpenedReminder) => QueuedEnd {
  return ({ reminder }) => ({ reminderId: reminder.reminderId, to: 'scheduled', dueInMs });
}

function expired({ reminder }: OpenedReminder): QueuedEnd {
  return { reminderId: reminder.reminderId, to: 'expired', reason: 'too_late' };
}

/** Opens what can be opened, and says what becomes of the rest. */
async function openBatch(
  deps: DispatchDeps,
  queued: readonly QueuedReminder[],
): Promise<{ opened: OpenedReminder[]; ended: QueuedEnd[] }> {
  const keys = await readKeys(deps, queued);
  const opened: OpenedReminder[] = [];
  const ended: QueuedEnd[] = [];
  for (const reminder of queued) {
    const { reminderId } = reminder;
    if (reminder.untilNotAfterMs < leastValidityMs) {
      ended.push({ reminderId, to: 'expired', reason: 'too_late' });
      continue;
    }
    const result = openReminder(deps, reminder, keys.get(reminder.link?.parcelDay ?? ''));
    if (result.ok) {
      opened.push(result.opened);
    } else {
      deps.log.error('a reminder could not be opened', { reminderId, reason: result.reason });
      ended.push(
        // A newer process has begun to sign with a key that this one has not read yet.
        result.reason === 'no_link_key'
          ? { reminderId, to: 'scheduled', reason: result.reason, dueInMs: newKeyWaitMs }
          : { reminderId, to: 'failed', reason: result.reason },
      );
    }
  }
  const suppressed = await deps.findSuppressed(
    opened.map(({ reminder, to }) => ({ reminderId: reminder.reminderId, to })),
  );
  for (const reminderId of suppressed) {
    ended.push({ reminderId, to: 'suppressed', reason: 'opted_out' });
  }
  return {
    opened: opened.filter(({ reminder }) => !suppressed.has(reminder.reminderId)),
    ended,
  };
}

async function readKeys(
  deps: DispatchDeps,
  queued: readonly QueuedReminder[],
): Promise<Map<string, Secret<Buffer>>> {
  const days = new Set(queued.flatMap(({ link }) => (link ? [link.parcelDay] : [])));
  const keys = new Map<string, Secret<Buffer>>();
  for (const day of days) {
    const key = await deps.epochPrivateKey(day);
    if (key) keys.set(day, key);
  }
  return keys;
}

interface Planned {
  readonly opened: OpenedReminder;
  readonly attempt: IntendedAttempt;
}

/** Writes the intent for a slice, sends what may be sent, and records what became of it. */
async function sendSlice(
  deps: DispatchDeps,
  run: BatchRun,
  slice: readonly OpenedReminder[],
): Promise<void> {
  const elapsedMs = (deps.monotonicMs ?? (() => performance.now()))() - run.claimedAtMs;
  const inTime = slice.filter(
    ({ reminder }) => reminder.untilNotAfterMs - elapsedMs >= leastValidityMs,
  );
  const tooLate = slice.filter((opened) => !inTime.includes(opened));
  deps.slots.give(tooLate.length);
  await endQueued(deps, { batchId: run.batchId, ends: tooLate.map(expired) });
  const planned = inTime.map((opened): Planned => ({ opened, attempt: intend(opened) }));
  if (planned.length === 0) return;
  let intended: Set<string>;
  try {
    intended = await deps.database.transaction([], (connection) =>
      writeIntents(connection, {
        batchId: run.batchId,
        transport: deps.transport.name,
        attempts: planned.map(({ attempt }) => attempt),
      }),
    );
  } catch (error) {
    // The commit may have gone through all the same. Nothing has been sent, and that is recorded:
    // after the rows were locked, for a commit that is still under way shows no attempt before.
    deps.slots.give(planned.length);
    deps.log.warn('intents could not be written', { ...errorFacts(error), batchId: run.batchId });
    await endQueued(deps, { batchId: run.batchId, ends: inTime.map(released(undefined)) });
    await Promise.all(planned.map(({ attempt }) => recordNotStarted(deps, attempt)));
    return;
  }
  const allowed = planned.filter(({ attempt }) => intended.has(attempt.reminderId));
  const changed = planned.filter(({ attempt }) => !intended.has(attempt.reminderId));
  deps.slots.give(changed.length);
  await Promise.all([
    ...allowed.map((one) => sendOne(deps, run, one)),
    endQueued(deps, {
      batchId: run.batchId,
      ends: changed.map(({ opened }) => released(undefined)(opened)),
    }),
  ]);
}

function intend({ reminder, link, selector }: OpenedReminder): IntendedAttempt {
  return {
    attemptId: randomUUIDv7(),
    token: randomBytes(16),
    reminderId: reminder.reminderId,
    linkId: link.id,
    lookup: link.lookup,
    selector,
  };
}

async function sendOne(deps: DispatchDeps, run: BatchRun, planned: Planned): Promise<void> {
  const { attempt, opened } = planned;
  const clock = deps.monotonicMs ?? (() => performance.now());
  let outcome: Awaited<ReturnType<SendBreaker['run']>>;
  try {
    outcome = await deps.breaker.run(async () => {
      // The intent's commit may have taken long. Past the deadline the lease may be another's.
      if (clock() >= run.deadlineMs) return undefined;
      return deps.transport.send({
        channel: 'sms',
        to: opened.to,
        text: opened.text,
        attemptToken: attempt.token.toString('base64url'),
        validitySeconds: validitySeconds(
          opened.reminder.untilNotAfterMs - (clock() - run.claimedAtMs),
        ),
      });
    });
  } catch (error) {
    // A transport that throws breaks its promise, after who knows what it has sent.
    deps.log.error('a transport threw', { ...errorFacts(error), attemptId: attempt.attemptId });
    outcome = { kind: 'uncertain', reason: 'unclear_answer' };
  } finally {
    deps.slots.give(1);
  }
  if (outcome) await deps.recorder.record({ attemptId: attempt.attemptId, outcome });
  else await recordNotStarted(deps, attempt);
}

async function recordNotStarted(deps: DispatchDeps, attempt: IntendedAttempt): Promise<void> {
  const retryInMs = deps.breaker.allows() === 'all' ? 0 : deps.breaker.waitMs();
  await deps.recorder.record({
    attemptId: attempt.attemptId,
    outcome: { kind: 'not_started', retryInMs },
  });
}

const validityHours = [10, 4, 1];

/** The largest of 1, 4 and 10 hours that ends in time; under an hour, what is left. */
export function validitySeconds(untilNotAfterMs: number): number {
  const leftS = Math.floor(untilNotAfterMs / 1_000);
  const hours = validityHours.find((candidate) => candidate * 3_600 <= leftS);
  return hours === undefined ? leftS : hours * 3_600;
}
