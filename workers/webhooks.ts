import { bulkhead } from 'cockatiel';
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
import { createWebhookSender, type WebhookSender } from './webhook-sender.ts';

/** So that however many endpoints are served, connections are left for feeding. */
const connectionsAtOnce = 2;

/** Puts together what pushes events to booking systems. */
export function openWebhookSender(deps: {
  database: Database;
  keys: Pick<KeyStore, 'webhookKeys'>;
  resolveName: ResolveName;
  isSandbox: boolean;
  log: Log;
}): WebhookSender {
  const { keys, resolveName, isSandbox, log } = deps;
  const database = withFewConnections(deps.database);
  const nowMs = () => performance.now();
  return createWebhookSender({
    claim: (countMax) => claimEndpoints(database, { countMax, leaseMs: limits.webhookLeaseMs }),
    deliver: (input) =>
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
        input,
      ),
    nowMs,
    log,
  });
}

function withFewConnections(database: Database): Pick<Database, 'query' | 'transaction'> {
  const gate = bulkhead(connectionsAtOnce, Number.POSITIVE_INFINITY);
  return {
    transaction: (...given) => gate.execute(() => database.transaction(...given)),
    query: (...given) => gate.execute(() => database.query(...given)),
  };
}
