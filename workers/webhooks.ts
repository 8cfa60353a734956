import { limits } from '../config/limits.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { Database } from '../src/store/database.ts';
import { claimEndpoints } from '../src/store/webhook-deliveries.ts';
import type { Log } from '../src/telemetry/log.ts';
import { isPublicAddress } from '../src/transport/public-address.ts';
import type { ResolveName } from '../src/transport/resolve-name.ts';
import { openWebhookChannel } from '../src/transport/webhook-channel.ts';
import { isLoopbackAllowed } from '../src/usecases/check-webhook-url.ts';
import { deliverWebhooks } from '../src/usecases/deliver-webhooks.ts';
import { withFewConnections } from './few-connections.ts';
import { createTurns, type Turns } from './turns.ts';

/** Puts together what pushes events to booking systems. */
export function openWebhookSender(deps: {
  database: Database;
  keys: Pick<KeyStore, 'webhookKeys'>;
  resolveName: ResolveName;
  isSandbox: boolean;
  log: Log;
}): Turns {
  const { keys, resolveName, isSandbox, log } = deps;
  const database = withFewConnections(deps.database);
  const nowMs = () => performance.now();
  return createTurns({
    atOnce: limits.webhooksAtOnce,
    claim: (countMax) => claimEndpoints(database, { countMax, leaseMs: limits.webhookLeaseMs }),
    take: ({ claimed: endpoint, ...turn }) =>
      deliverWebhooks(
        {
          database,
          keys,
          openChannel: ({ url, mode }) =>
            openWebhookChannel({
              url: url.reveal(),
              loopbackAllowed: isLoopbackAllowed({ mode, isSandbox }),
              resolveName,
              mayConnectTo: isPublicAddress,
            }),
          nowMs,
          now: () => new Date(),
          random: Math.random,
          log,
        },
        { ...turn, endpoint },
      ),
    nowMs,
    log,
  });
}
