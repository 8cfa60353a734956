import { leastValidityMs } from '../../config/retry.ts';
import type { OpeningFailure } from '../domain/opening-failure.ts';
import type { Secret } from '../domain/secret.ts';
import type { QueuedEnd, QueuedReminder } from '../store/dispatch.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { type OpenedReminder, type OpenReminderDeps, openReminder } from './open-reminder.ts';

export interface OpenBatchDeps extends OpenReminderDeps {
  readonly epochPrivateKey: (day: string) => Promise<Secret<Buffer> | undefined>;
  /** What opens one of them; another than the true one where nothing is sealed. */
  readonly open?: typeof openReminder;
  readonly log: Log;
}

const keyWaitMs = 30_000;

/**
 * Opens what can be opened, and says what becomes of the rest. A day's key that cannot be read now makes the
 * reminders of that day wait, and no other.
 */
export async function openBatch(
  deps: OpenBatchDeps,
  queued: readonly QueuedReminder[],
): Promise<{ opened: OpenedReminder[]; ended: QueuedEnd[] }> {
  const { open = openReminder } = deps;
  const { keys, unread } = await readKeys(deps, queued);
  const opened: OpenedReminder[] = [];
  const ended: QueuedEnd[] = [];
  const waiting = new Map<OpeningFailure, number>();
  for (const reminder of queued) {
    const { reminderId } = reminder;
    if (reminder.untilNotAfterMs < leastValidityMs) {
      ended.push({ reminderId, to: 'expired', reason: 'too_late' });
      continue;
    }
    const day = reminder.link?.parcelDay ?? '';
    const result = unread.has(day)
      ? ({ ok: false, reason: 'key_unreadable' } as const)
      : await open(deps, reminder, keys.get(day));
    if (result.ok) opened.push(result.opened);
    else {
      ended.push(endUnopened(deps, reminder, result.reason));
      if (waitsForKeys(result.reason)) {
        waiting.set(result.reason, (waiting.get(result.reason) ?? 0) + 1);
      }
    }
  }
  for (const [reason, count] of waiting) {
    deps.log.error('reminders wait for keys', { reason, count });
  }
  return { opened, ended };
}

function endUnopened(
  { log }: OpenBatchDeps,
  { reminderId, otherChannel }: QueuedReminder,
  reason: OpeningFailure,
): QueuedEnd {
  // It had gone on by a channel that a later version has no contact point for.
  if (reason === 'no_parcel' && otherChannel) {
    return { reminderId, to: 'scheduled', reason, dueInMs: 0, channel: otherChannel };
  }
  if (waitsForKeys(reason)) return { reminderId, to: 'scheduled', reason, dueInMs: keyWaitMs };
  log.error('a reminder could not be opened', { reminderId, reason });
  return { reminderId, to: 'failed', reason };
}

/**
 * A newer process has begun to sign with a key that this one has not read yet, keys are away, or every one
 * that this process has was revoked.
 */
function waitsForKeys(reason: OpeningFailure): boolean {
  return reason === 'key_unreadable' || reason === 'no_link_key' || reason === 'no_opt_out_url';
}

/** All at once: where nobody answers for the keys, that is waited for once. */
async function readKeys(
  deps: OpenBatchDeps,
  queued: readonly QueuedReminder[],
): Promise<{ keys: Map<string, Secret<Buffer>>; unread: Set<string> }> {
  const days = new Set(queued.flatMap(({ link }) => (link ? [link.parcelDay] : [])));
  const keys = new Map<string, Secret<Buffer>>();
  const unread = new Set<string>();
  await Promise.all(
    Array.from(days, async (day) => {
      try {
        const key = await deps.epochPrivateKey(day);
        if (key) keys.set(day, key);
      } catch (error) {
        deps.log.error('a day key could not be read', errorFacts(error));
        unread.add(day);
      }
    }),
  );
  return { keys, unread };
}
