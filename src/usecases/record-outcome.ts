import { retryInMs } from '../../config/retry.ts';
import { type AttemptWord, reminderAfter } from '../domain/attempt.ts';
import { AppError } from '../domain/errors.ts';
import { type Connection, type Database, sqlState } from '../store/database.ts';
import {
  type AttemptEnd,
  type LockedAttempt,
  lockAttempts,
  lockPlain,
  writeAccepted,
  writeAttemptEnds,
} from '../store/outcomes.ts';
import { markProvenCopies } from '../store/proven-copies.ts';
import { type LockedStep, writeReminderSteps } from '../store/reminder-steps.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { SendOutcome } from '../transport/transport.ts';

/** How one attempt ended: the transport's outcome, or that it was never begun. */
export interface EndedAttempt {
  readonly attemptId: string;
  readonly outcome: SendOutcome | { readonly kind: 'not_started'; readonly retryInMs: number };
}

export interface OutcomeRecorder {
  /**
   * Resolves once the outcome is stored, or set apart because it was refused even alone: then it is
   * tried until it is stored, and nobody need wait for it. It never rejects.
   */
  record(ended: EndedAttempt): Promise<void>;
  /** How many outcomes are known and not stored yet. */
  pending(): number;
  /** Resolves when none is. */
  idle(): Promise<void>;
}

const groupSizeMax = 100;
const firstPauseMs = 50;
const longestPauseMs = 5_000;
const uniqueViolation = '23505';

interface Waiting {
  readonly ended: EndedAttempt;
  readonly settled: () => void;
}

/**
 * Stores what became of attempts, many in one transaction.
 *
 * What a provider answered exists nowhere else yet, so an outcome stays in memory until it is
 * stored. After an error of a group each of its rows is tried alone, so that one bad row keeps back
 * nothing but itself.
 */
export function createOutcomeRecorder(deps: {
  database: Pick<Database, 'transaction'>;
  log: Log;
  random?: () => number;
  sleep?: (ms: number) => Promise<void>;
}): OutcomeRecorder {
  const { database, log, random = Math.random, sleep = pause } = deps;
  const waiting: Waiting[] = [];
  let unstored = 0;
  let running = false;
  let allStored = Promise.withResolvers<void>();

  async function store(group: readonly Waiting[]): Promise<'stored' | 'away' | 'refused'> {
    try {
      await storeOutcomes(
        { database, random },
        group.map(({ ended }) => ended),
      );
    } catch (error) {
      const facts = { ...errorFacts(error), count: group.length };
      log.warn('outcomes could not be stored yet', { ...facts, sqlState: sqlState(error) ?? '' });
      return error instanceof AppError && error.code === 'unavailable' ? 'away' : 'refused';
    }
    unstored -= group.length;
    for (const { settled } of group) settled();
    if (unstored === 0) allStored.resolve();
    return 'stored';
  }

  async function setApart(one: Waiting): Promise<void> {
    one.settled();
    for (let failures = 1; ; failures += 1) {
      await sleep(pauseMs(failures));
      if ((await store([one])) === 'stored') return;
    }
  }

  async function run(): Promise<void> {
    running = true;
    // What ends in the same turn goes into one transaction.
    await new Promise((resolve) => setImmediate(resolve));
    for (let failures = 0; waiting.length > 0; ) {
      const group = waiting.splice(0, groupSizeMax);
      const result = await store(group);
      if (result === 'stored') {
        failures = 0;
      } else if (result === 'away') {
        waiting.unshift(...group);
        failures += 1;
        await sleep(pauseMs(failures));
      } else {
        for (const one of group) {
          if (group.length === 1 || (await store([one])) !== 'stored') void setApart(one);
        }
      }
    }
    // In the turn that found nothing waiting: what came any later would wait for nobody.
    running = false;
  }

  return {
    record(ended) {
      return new Promise((settled) => {
        waiting.push({ ended, settled });
        if (unstored === 0) allStored = Promise.withResolvers();
        unstored += 1;
        if (!running) void run();
      });
    },
    pending: () => unstored,
    idle: async () => {
      while (unstored > 0) await allStored.promise;
    },
  };
}

function pauseMs(failures: number): number {
  return Math.min(firstPauseMs * 2 ** Math.min(failures, 20), longestPauseMs);
}

/**
 * Stores how attempts ended, and what follows for their reminders: what was plainly accepted in one
 * transaction, the rest in another, and in a further one where two are about one reminder.
 */
async function storeOutcomes(
  { database, random }: { database: Pick<Database, 'transaction'>; random: () => number },
  ended: readonly EndedAttempt[],
): Promise<void> {
  // A provider that gives one id to two messages must not cost us the outcome of either.
  const write = async (withProviderIds: boolean) => {
    for (let left = ended; left.length > 0; ) {
      const open = left;
      left = await database.transaction([], async (connection) => {
        const others = await storeAccepted(connection, { ended: open, withProviderIds });
        // Another word about one of those reminders would change it a second time.
        if (others.length < open.length) return others;
        return storeSome(connection, { ended: open, withProviderIds, random });
      });
    }
  };
  try {
    await write(true);
  } catch (error) {
    if (ended.length > 1 || sqlState(error) !== uniqueViolation) throw error;
    await write(false);
  }
}

/**
 * Locks the reminders of all these attempts, then stores what was accepted and nothing else is known
 * of.
 *
 * @returns the others, which are decided one by one
 */
async function storeAccepted(
  connection: Connection,
  { ended, withProviderIds }: { ended: readonly EndedAttempt[]; withProviderIds: boolean },
): Promise<readonly EndedAttempt[]> {
  if (!ended.some(({ outcome }) => outcome.kind === 'accepted')) return ended;
  const plain = await lockPlain(
    connection,
    ended.map(({ attemptId }) => attemptId),
  );
  const accepted = ended.flatMap(({ attemptId, outcome }) =>
    outcome.kind === 'accepted' && plain.has(attemptId)
      ? [{ attemptId, ...(withProviderIds ? { providerId: outcome.providerId } : {}) }]
      : [],
  );
  if (accepted.length === 0) return ended;
  const stored = await writeAccepted(connection, accepted);
  return ended.filter(({ attemptId }) => !stored.has(attemptId));
}

/**
 * Stores what it can of these outcomes: of two about one reminder the first, for it changes what
 * the second meets, and one transaction changes a reminder once (see `writeReminderSteps`).
 *
 * @returns the others
 */
async function storeSome(
  connection: Connection,
  input: { ended: readonly EndedAttempt[]; withProviderIds: boolean; random: () => number },
): Promise<EndedAttempt[]> {
  const { ended, withProviderIds, random } = input;
  const attemptIds = ended.map(({ attemptId }) => attemptId);
  const byId = new Map(
    (await lockAttempts(connection, { attemptIds })).map((one) => [one.attemptId, one]),
  );
  const ends: AttemptEnd[] = [];
  const steps = new Map<string, LockedStep[]>();
  const later: EndedAttempt[] = [];
  for (const one of ended) {
    const attempt = byId.get(one.attemptId);
    if (!attempt) continue;
    if (steps.has(attempt.reminderId)) {
      later.push(one);
    } else {
      ends.push(endOf(one, withProviderIds));
      steps.set(attempt.reminderId, stepOf(attempt, one.outcome, random));
    }
  }
  await writeAttemptEnds(connection, ends);
  await writeReminderSteps(connection, Array.from(steps.values()).flat());
  const tried = [...byId.values()].filter(({ among }) => among > 1);
  await markProvenCopies(
    connection,
    tried.map(({ reminderId }) => reminderId),
  );
  return later;
}

type Outcome = EndedAttempt['outcome'];

function endOf({ attemptId, outcome }: EndedAttempt, withProviderIds: boolean): AttemptEnd {
  switch (outcome.kind) {
    case 'accepted':
      return {
        attemptId,
        outcome: 'accepted',
        ...(withProviderIds ? { providerId: outcome.providerId } : {}),
      };
    case 'uncertain':
      return { attemptId, outcome: 'uncertain', reason: outcome.reason };
    case 'refused':
      return { attemptId, outcome: 'refused', reason: outcome.reason };
    case 'not_started':
      return { attemptId, outcome: 'refused', reason: 'not_started' };
  }
}

function stepOf(attempt: LockedAttempt, outcome: Outcome, random: () => number): LockedStep[] {
  const step = reminderAfter(attempt, wordOf(attempt, outcome, random));
  return step ? [{ ...step, reminderId: attempt.reminderId, from: attempt.state }] : [];
}

function wordOf(attempt: LockedAttempt, outcome: Outcome, random: () => number): AttemptWord {
  switch (outcome.kind) {
    case 'accepted':
      return outcome;
    case 'uncertain':
      return outcome;
    case 'refused': {
      const { attempts, counted, untilNotAfterMs } = attempt;
      const { permanent, reason, retryAfterMs } = outcome;
      const retry = permanent
        ? undefined
        : retryInMs({
            ...{ reason, attempts, counted },
            ...{ retryAfterMs, untilNotAfterMs, random: random() },
          });
      return { kind: 'refused', permanent, reason, retryInMs: retry };
    }
    case 'not_started':
      return {
        kind: 'refused',
        permanent: false,
        reason: 'not_started',
        retryInMs: outcome.retryInMs,
      };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
