import { type AttemptWord, reminderAfter } from '../domain/attempt.ts';
import type { Channel } from '../domain/channel.ts';
import type { Connection, Database } from '../store/database.ts';
import { type LockedAttempt, lockAttempts, writeAttemptReceipt } from '../store/outcomes.ts';
import { markProvenCopies } from '../store/proven-copies.ts';
import { type LockedStep, writeReminderSteps } from '../store/reminder-steps.ts';

/** What a provider said later about an attempt, with nothing personal in it. */
export interface DeliveryReceipt {
  readonly token: Buffer;
  /** Whose word it is: a bounce, which nobody signs, says nothing of an SMS. */
  readonly channel: Channel;
  /** A bounce names none. */
  readonly providerId?: string | undefined;
  /** `other`: the provider has it, and knows no more yet. */
  readonly status: 'sent' | 'delivered' | 'undelivered' | 'other';
  /** The provider's own number. */
  readonly code?: string | undefined;
  /** Ours. */
  readonly reason?: string | undefined;
}

/**
 * Keeps receipts on their attempts and lets reminders follow.
 *
 * They may come in any order, twice, before our own record of the send, or long after it: a
 * stronger word stays, and a reminder that has ended only learns that it may have been seen.
 *
 * @param options.possibleDuplicate the provider shows more copies than these
 */
export async function recordDeliveryReceipts(
  { database }: { database: Pick<Database, 'transaction'> },
  receipts: readonly DeliveryReceipt[],
  options: { possibleDuplicate?: boolean } = {},
): Promise<void> {
  for (let left = receipts; left.length > 0; ) {
    const open = left;
    ({ left } = await database.transaction([], (connection) =>
      recordSomeReceipts(connection, open, options),
    ));
  }
}

export interface RecordedReceipts {
  /** How many were of no attempt of their channel that still exists. */
  readonly unknown: number;
  /** Not recorded: an earlier one has changed their reminder in this transaction. */
  readonly left: readonly DeliveryReceipt[];
}

/**
 * Does so in the caller's transaction, which changes a reminder once, see `writeReminderSteps`: what
 * comes after is left for the next.
 */
export async function recordSomeReceipts(
  connection: Connection,
  receipts: readonly DeliveryReceipt[],
  { possibleDuplicate = false }: { possibleDuplicate?: boolean } = {},
): Promise<RecordedReceipts> {
  let unknown = 0;
  const left: DeliveryReceipt[] = [];
  const changed = new Set<string>();
  // Two about one reminder are taken one after the other, for the first changes what the second meets.
  for (let open = receipts; open.length > 0; ) {
    const tokens = open.map(({ token }) => token);
    const attempts = new Map(
      (await lockAttempts(connection, { tokens })).map((attempt) => [nameOf(attempt), attempt]),
    );
    const later: DeliveryReceipt[] = [];
    const steps = new Map<string, LockedStep | undefined>();
    for (const receipt of open) {
      const attempt = attempts.get(nameOf(receipt));
      if (!attempt) {
        unknown += 1;
      } else if (changed.has(attempt.reminderId)) {
        left.push(receipt);
      } else if (steps.has(attempt.reminderId)) {
        later.push(receipt);
      } else {
        await writeAttemptReceipt(connection, {
          attemptId: attempt.attemptId,
          state: receipt.status === 'other' ? null : receipt.status,
          code: receipt.code,
          providerId: receipt.providerId,
        });
        steps.set(attempt.reminderId, stepOf(attempt, receipt, { possibleDuplicate }));
      }
    }
    const written = Array.from(steps.values()).flatMap((step) => step ?? []);
    await writeReminderSteps(connection, written);
    for (const { reminderId } of written) changed.add(reminderId);
    const tried = [...attempts.values()].filter(({ among }) => among > 1);
    await markProvenCopies(
      connection,
      tried.map(({ reminderId }) => reminderId),
    );
    open = later;
  }
  return { unknown, left };
}

function nameOf({ token, channel }: Pick<DeliveryReceipt, 'token' | 'channel'>): string {
  return `${channel} ${token.toString('hex')}`;
}

function stepOf(
  attempt: LockedAttempt,
  receipt: DeliveryReceipt,
  { possibleDuplicate }: { possibleDuplicate: boolean },
): LockedStep | undefined {
  const { reminderId, state: from } = attempt;
  const word: AttemptWord =
    receipt.status === 'other'
      ? { kind: 'accepted' }
      : { kind: 'receipt', state: receipt.status, reason: receipt.reason };
  const step = reminderAfter(attempt, word);
  if (step) {
    return {
      ...step,
      reminderId,
      from,
      possibleDuplicate: possibleDuplicate || step.possibleDuplicate,
    };
  }
  // Another word has settled it before, and knew of one copy.
  const isNews = possibleDuplicate && !attempt.possibleDuplicate;
  return isNews ? { reminderId, from, to: from, possibleDuplicate } : undefined;
}
