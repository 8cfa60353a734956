import { type AttemptWord, reminderAfter } from '../domain/attempt.ts';
import type { Connection } from '../store/database.ts';
import { type LockedAttempt, lockAttempts, writeAttemptReceipt } from '../store/outcomes.ts';
import { type LockedStep, writeReminderSteps } from '../store/reminder-steps.ts';

/** What a provider said later about an attempt, with nothing personal in it. */
export interface DeliveryReceipt {
  readonly token: Buffer;
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
 * Keeps receipts on their attempts and lets reminders follow, in the caller's transaction.
 *
 * They may come in any order, twice, before our own record of the send, or long after it: a
 * stronger word stays, and a reminder that has ended only learns that it may have been seen.
 *
 * @returns how many were of no attempt that still exists
 */
export async function recordDeliveryReceipts(
  connection: Connection,
  receipts: readonly DeliveryReceipt[],
): Promise<number> {
  let unknown = 0;
  // Two about one reminder are taken one after the other, for the first changes what the second meets.
  for (let left = [...receipts]; left.length > 0; ) {
    const attempts = new Map(
      (await lockAttempts(connection, { tokens: left.map(({ token }) => token) })).map(
        (attempt) => [attempt.token.toString('hex'), attempt],
      ),
    );
    const later: DeliveryReceipt[] = [];
    const steps = new Map<string, LockedStep | undefined>();
    for (const receipt of left) {
      const attempt = attempts.get(receipt.token.toString('hex'));
      if (!attempt) {
        unknown += 1;
      } else if (steps.has(attempt.reminderId)) {
        later.push(receipt);
      } else {
        await writeAttemptReceipt(connection, {
          attemptId: attempt.attemptId,
          state: receipt.status === 'other' ? null : receipt.status,
          code: receipt.code,
          providerId: receipt.providerId,
        });
        steps.set(attempt.reminderId, stepOf(attempt, receipt));
      }
    }
    await writeReminderSteps(
      connection,
      Array.from(steps.values()).filter((step) => step !== undefined),
    );
    left = later;
  }
  return unknown;
}

function stepOf(attempt: LockedAttempt, receipt: DeliveryReceipt): LockedStep | undefined {
  const word: AttemptWord =
    receipt.status === 'other'
      ? { kind: 'accepted' }
      : { kind: 'receipt', state: receipt.status, reason: receipt.reason };
  const step = reminderAfter(attempt, word);
  return step && { ...step, reminderId: attempt.reminderId, from: attempt.state };
}
