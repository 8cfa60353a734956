import { retryInMs } from '../../config/retry.ts';
import { type AttemptWord, reminderAfter } from '../domain/attempt.ts';
import type { Connection, Database } from '../store/database.ts';
import { lockIntended } from '../store/dispatch.ts';
import {
  type AttemptEnd,
  type LockedAttempt,
  lockAttempts,
  writeAccepted,
  writeAttemptEnds,
} from '../store/outcomes.ts';
import { markProvenCopies } from '../store/proven-copies.ts';
import { type LockedStep, writeReminderSteps } from '../store/reminder-steps.ts';
import type { SendOutcome } from '../transport/transport.ts';

/** That an attempt was never begun. */
interface NotStarted {
  readonly kind: 'not_started';
  readonly retryInMs: number;
  /** Nobody knows whether its intent was committed, nor whether it may be yet. */
  readonly isUnderWay: boolean;
}

/** How one attempt ended: the transport's outcome, or that it was never begun. */
export interface EndedAttempt {
  readonly attemptId: string;
  readonly reminderId: string;
  readonly outcome: SendOutcome | NotStarted;
}

/**
 * Stores how attempts ended, and what follows for their reminders: what was plainly accepted in one
 * transaction, the rest in another, and in a further one where two are about one reminder.
 *
 * @throws also while an intent may be under way: it is to be asked again until it is known
 */
export async function storeOutcomes(
  { database, random }: { database: Pick<Database, 'query' | 'transaction'>; random: () => number },
  ended: readonly EndedAttempt[],
): Promise<void> {
  let left = await storeAccepted(database, ended);
  while (left.length > 0) {
    const open = left;
    left = await database.transaction([], (connection) =>
      storeSome(connection, { ended: open, random }),
    );
  }
}

/**
 * Stores what was accepted and nothing else is known of, in one transaction of its own: another word
 * about one of those reminders would change it a second time.
 *
 * @returns the others, which are decided one by one
 */
async function storeAccepted(
  database: Pick<Database, 'query'>,
  ended: readonly EndedAttempt[],
): Promise<readonly EndedAttempt[]> {
  const accepted = ended.flatMap(({ attemptId, reminderId, outcome }) =>
    outcome.kind === 'accepted' ? [{ attemptId, reminderId, providerId: outcome.providerId }] : [],
  );
  if (accepted.length === 0) return ended;
  const stored = await writeAccepted(database, accepted);
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
  { ended, random }: { ended: readonly EndedAttempt[]; random: () => number },
): Promise<EndedAttempt[]> {
  const underWay = ended.filter(
    ({ outcome }) => outcome.kind === 'not_started' && outcome.isUnderWay,
  );
  if (underWay.length > 0) {
    await lockIntended(connection, { reminderIds: underWay.map(({ reminderId }) => reminderId) });
  }
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
      ends.push(endOf(one));
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

function endOf({ attemptId, outcome }: EndedAttempt): AttemptEnd {
  switch (outcome.kind) {
    case 'accepted':
      return { attemptId, outcome: 'accepted', providerId: outcome.providerId };
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
