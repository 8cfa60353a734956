import type { Config } from '../../config/env.ts';
import { keptRate } from '../../config/sender-rates.ts';
import type { Channel } from '../domain/channel.ts';
import { openDatabase } from '../store/database.ts';
import { bookMoments } from '../store/sender-paces.ts';
import type { Log } from '../telemetry/log.ts';
import { createSenderPace, type SenderPace } from '../usecases/sender-pace.ts';

/** The paces of a process' senders. */
export interface SenderPaces {
  /** None where nobody counts, or where the rate is beyond what is kept to the message. */
  of(channel: Channel): SenderPace | undefined;
  close(): Promise<void>;
}

const statementTimeoutMs = 3_000;

/**
 * Opens the paces of a process, with one connection of their own, so that no moment is waited for behind
 * what waits for it. It is opened when a message first waits, and left when none has for a while.
 */
export function openSenderPaces(
  config: Config,
  { role, log }: { role: 'worker' | 'patient'; log: Log },
): SenderPaces {
  const { DATABASE_URL: url } = config;
  const database =
    url &&
    openDatabase({
      ...{ url, connectionsMax: 1, applicationName: `sotto ${role} pace`, statementTimeoutMs },
      onIdleError: () => log.warn('an idle database connection was lost'),
    });
  const purpose = role === 'worker' ? 'reminders' : 'codes';
  const paces = new Map<Channel, SenderPace>();
  for (const sender of ['sms', 'email'] as const) {
    const perSecond = keptRate(config, sender);
    if (!database || perSecond === undefined) continue;
    const book: Parameters<typeof createSenderPace>[0]['book'] = (wanted) =>
      bookMoments(database, wanted);
    paces.set(sender, createSenderPace({ book, sender, perSecond, purpose, log }));
  }
  return {
    of: (channel) => paces.get(channel),
    async close() {
      for (const pace of paces.values()) pace.close();
      await database?.close();
    },
  };
}
