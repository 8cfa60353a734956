import type { Config } from '../../config/env.ts';
import { channelsAvailable, checkTransport, hasLiveTransport } from '../../config/transports.ts';
import { isCanary } from '../domain/canary-branch.ts';
import type { Mode } from '../domain/channel.ts';
import { createSink } from '../transport/sink.ts';
import type { OutgoingMessage, OutgoingSms, Transport } from '../transport/transport.ts';
import { twilioFromConfig } from '../transport/twilio-from-config.ts';
import type { SenderPace } from '../usecases/sender-pace.ts';

/** Codes in the air at once; more wait for a socket. */
const socketsMax = 16;
/** Who asked for a code waits for its page so long, at most, until the sender may send it. */
const patienceMs = 10_000;

/** The ways that codes go out by. */
export interface CodeTransports {
  transportFor(whose: { mode: Mode; organisationId: string }): Transport<OutgoingSms>;
  close(): Promise<void>;
}

/**
 * Opens the way that codes go out by: SMS alone, and to nobody for a test appointment beside a live
 * provider; the canary's go back to the canary. They share the sender's rate with reminders, and go first.
 *
 * @returns undefined where this deployment sends no SMS
 * @throws {ConfigError} for an account that is missing or must not be used
 */
export function openCodeTransports(
  config: Config,
  deps: {
    keepForCanary: (message: OutgoingMessage) => Promise<unknown>;
    /** Absent where no rate is kept to the message. */
    pace?: SenderPace | undefined;
  },
): CodeTransports | undefined {
  const isSent = channelsAvailable(config).includes('sms');
  checkTransport(config, isSent ? ['sms'] : []);
  if (!isSent) return undefined;
  const provider = twilioFromConfig(config, { purpose: 'codes', maxSockets: socketsMax });
  const paced = deps.pace ? atPace(provider, deps.pace) : provider;
  const sink = hasLiveTransport(config) ? createSink({ onReceipts: async () => {} }) : undefined;
  const canary = createSink({ onReceipts: async () => {}, keep: deps.keepForCanary });
  return {
    transportFor(whose) {
      if (isCanary(whose)) return canary;
      return sink && whose.mode === 'test' ? sink : paced;
    },
    async close() {
      await provider.close();
      await sink?.close();
      await canary.close();
    },
  };
}

/** Refuses, for a while, what cannot leave in time, or would have to wait for a socket at its moment. */
function atPace(provider: Transport<OutgoingSms>, pace: SenderPace): Transport<OutgoingSms> {
  let inTheAir = 0;
  return {
    ...provider,
    async send(message) {
      const moment = await pace.nearMoment({ withinMs: patienceMs });
      const reached = moment && (await pace.reach(moment));
      if (!reached || inTheAir >= socketsMax) {
        return { kind: 'refused', permanent: false, reason: 'rate_limited' };
      }
      inTheAir += 1;
      return provider.send(message).finally(() => {
        inTheAir -= 1;
      });
    },
  };
}
