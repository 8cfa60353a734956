import { limits } from '../config/limits.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { Database } from '../src/store/database.ts';
import { claimSendChecks } from '../src/store/send-check-turns.ts';
import type { Log } from '../src/telemetry/log.ts';
import { isPublicAddress } from '../src/transport/public-address.ts';
import type { ResolveName } from '../src/transport/resolve-name.ts';
import { openWebhookChannel } from '../src/transport/webhook-channel.ts';
import { type AskDeps, askBookingSystem } from '../src/usecases/ask-booking-system.ts';
import { isLoopbackAllowed } from '../src/usecases/check-webhook-url.ts';
import { withFewConnections } from './few-connections.ts';
import { createTurns, type Turns } from './turns.ts';

/** Puts together what asks booking systems whether their reminders may go out. */
export function openSendChecks(deps: {
  database: Database;
  keys: Pick<KeyStore, 'webhookKeys'>;
  resolveName: ResolveName;
  perSecond: AskDeps['perSecond'];
  isSandbox: boolean;
  log: Log;
}): Turns {
  const { keys, resolveName, perSecond, isSandbox, log } = deps;
  const database = withFewConnections(deps.database);
  const nowMs = () => performance.now();
  return createTurns({
    atOnce: limits.sendChecksAtOnce,
    claim: (countMax) => claimSendChecks(database, { countMax, leaseMs: limits.sendCheckLeaseMs }),
    take: ({ claimed: check, ...turn }) =>
      askBookingSystem(
        {
          database,
          keys,
          openChannel: ({ url, mode }) =>
            openWebhookChannel({
              url: url.reveal(),
              loopbackAllowed: isLoopbackAllowed({ mode, isSandbox }),
              resolveName,
              mayConnectTo: isPublicAddress,
              socketsMax: limits.sendCheckQuestionsAtOnce,
            }),
          perSecond,
          nowMs,
          now: () => new Date(),
          log,
        },
        { ...turn, check },
      ),
    nowMs,
    log,
  });
}
