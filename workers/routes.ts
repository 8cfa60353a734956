import { readFile } from 'node:fs/promises';
import { type Config, ConfigError } from '../config/env.ts';
import { limits } from '../config/limits.ts';
import { channelsAvailable, hasLiveTransport } from '../config/transports.ts';
import { isCanary } from '../src/domain/canary-branch.ts';
import type { Channel } from '../src/domain/channel.ts';
import { type Lane, laneKey, lanesOf } from '../src/domain/lane.ts';
import { Secret } from '../src/domain/secret.ts';
import type { Log } from '../src/telemetry/log.ts';
import { createSmtpTransport } from '../src/transport/email-smtp.ts';
import { createSink, type SinkReceipt } from '../src/transport/sink.ts';
import type { Idempotency, OutgoingMessage, Transport } from '../src/transport/transport.ts';
import { twilioFromConfig } from '../src/transport/twilio-from-config.ts';
import type { OptedOut, Route, RouteOf } from '../src/usecases/routes.ts';
import { createSendBreaker } from '../src/usecases/send-breaker.ts';
import { createSendSlots } from '../src/usecases/send-slots.ts';
import type { SenderPace } from '../src/usecases/sender-pace.ts';

/** How all messages of a process leave it. */
export interface Routes {
  readonly lanes: readonly Lane[];
  readonly routeOf: RouteOf;
  close(): Promise<void>;
}

/**
 * Opens the way to one channel's provider, with so many connections at most. One without connections
 * says itself how many messages of a lane it takes at once.
 */
export type OpenProvider = (
  config: Config,
  channel: Channel,
  connectionsMax: number,
) => Promise<Transport & { readonly atOnceMax?: number }>;

/** Of one lane, in each worker. A mail server bears fewer. */
export const connectionsOf = (
  config: Pick<Config, 'SMTP_CONNECTIONS'>,
): Record<Channel, number> => ({
  sms: 32,
  email: config.SMTP_CONNECTIONS,
});
/** What leaves within this time is in hand at once: a provider may take as long to answer. */
const pacedInHandS = 4;

/**
 * How many times its sockets intents may be ahead of them at most. What may have been sent is looked up at
 * the provider where it can tell; elsewhere it may have to go out a second time.
 */
const aheadOf: Record<Idempotency['kind'], number> = { lookup: 6, none: 1 };

/**
 * Opens a route for every lane that there is.
 *
 * In the sandbox both modes go to it. Beside a live transport, test messages go to a sink within
 * this process: they reach nobody, and what is said of their contacts is true of nobody. The canary's
 * go back to the canary, whatever the transport.
 *
 * @throws {ConfigError} when a provider is not configured
 */
export async function openRoutes(deps: {
  config: Config;
  recordOptOut: (said: OptedOut) => Promise<unknown>;
  storeReceipts: (receipts: readonly SinkReceipt[]) => Promise<unknown>;
  keepForCanary: (message: OutgoingMessage) => Promise<unknown>;
  log: Log;
  /** None where no rate is kept to the message. */
  paceOf?: ((channel: Channel) => SenderPace | undefined) | undefined;
  /** Other than the configured providers; no setting leads here. */
  openProvider?: OpenProvider | undefined;
}): Promise<Routes> {
  const { config, log, openProvider = openConfiguredProvider } = deps;
  const isLive = hasLiveTransport(config);
  const lanes = lanesOf(channelsAvailable(config));
  const connections = connectionsOf(config);
  const providers = new Map<Channel, Awaited<ReturnType<OpenProvider>>>();
  for (const channel of channelsAvailable(config)) {
    const connectionsMax = connections[channel] * (isLive ? 1 : 2);
    providers.set(channel, await openProvider(config, channel, connectionsMax));
  }
  const sink = createSink({ onReceipts: deps.storeReceipts });
  const canary = createSink({ onReceipts: deps.storeReceipts, keep: deps.keepForCanary });
  const routes = new Map<string, Route>();
  const canaryRoutes = new Map<string, Route>();
  for (const lane of lanes) {
    const isSink = isLive && lane.mode === 'test';
    const provider = providers.get(lane.channel);
    const transport = isSink ? sink : provider;
    if (!transport) continue;
    const pace = isSink ? undefined : deps.paceOf?.(lane.channel);
    const socketsMax = provider?.atOnceMax ?? connections[lane.channel];
    const pacedMax = pace ? Math.ceil(pace.perSecond * pacedInHandS) + 1 : socketsMax;
    const atOnceMax = Math.min(socketsMax, pacedMax);
    routes.set(laneKey(lane), {
      transport,
      pace,
      slots: createSendSlots(atOnceMax, {
        // What has a moment of its own waits for that.
        aheadMax: pace ? 0 : atOnceMax * aheadOf[transport.idempotency.kind],
      }),
      breaker: createSendBreaker({ onChange: (open) => tellOfBreaker(log, lane, open) }),
      reachesNobody: isSink,
      recordOptOut: isSink ? undefined : deps.recordOptOut,
    });
    canaryRoutes.set(laneKey(lane), {
      transport: canary,
      slots: createSendSlots(connections[lane.channel]),
      breaker: createSendBreaker({}),
      reachesNobody: true,
    });
  }
  return {
    lanes,
    routeOf: (lane) => (isCanary(lane) ? canaryRoutes : routes).get(laneKey(lane)),
    async close() {
      await Promise.all([...providers.values(), sink, canary].map((one) => one.close()));
    },
  };
}

function tellOfBreaker(log: Log, { channel }: Lane, open: boolean): void {
  log.warn('a provider’s breaker changed', { channel, state: open ? 'open' : 'closed' });
}

const openConfiguredProvider: OpenProvider = async (config, channel, connectionsMax) =>
  channel === 'sms'
    ? twilioFromConfig(config, { purpose: 'reminders', maxSockets: connectionsMax })
    : smtpFromConfig(config, connectionsMax);

async function smtpFromConfig(config: Config, maxConnections: number): Promise<Transport> {
  const { SMTP_URL: url, MAIL_FROM: from } = config;
  if (!url || !from) throw new ConfigError(['SMTP_URL and MAIL_FROM: required by this role']);
  const dkim = await readDkim(config);
  try {
    return createSmtpTransport({
      url,
      from,
      returnPath: config.MAIL_RETURN_PATH,
      dkim,
      timeoutMs: limits.sendTimeoutMs,
      maxConnections,
      messagesPerConnection: config.SMTP_MESSAGES_PER_CONNECTION,
    });
  } catch (error) {
    const isKey = error instanceof Error && error.message === 'dkim_key_is_not_rsa';
    throw new ConfigError([
      isKey
        ? 'DKIM_KEY_FILE: must hold an RSA private key in PEM'
        : 'MAIL_RETURN_PATH: at most 37 characters before the @, so that a token has room',
    ]);
  }
}

async function readDkim(config: Config) {
  const { DKIM_DOMAIN: domain, DKIM_SELECTOR: selector, DKIM_KEY_FILE: path } = config;
  if (!domain || !selector || !path) return undefined;
  const text = await readFile(path, 'utf8').catch(() => {
    throw new ConfigError(['DKIM_KEY_FILE: cannot be read']);
  });
  return { domain, selector, privateKey: new Secret(text) };
}
