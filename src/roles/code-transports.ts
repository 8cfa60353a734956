import type { Config } from '../../config/env.ts';
import { channelsAvailable, checkTransport, hasLiveTransport } from '../../config/transports.ts';
import { isCanary } from '../domain/canary-branch.ts';
import type { Mode } from '../domain/channel.ts';
import { createSink } from '../transport/sink.ts';
import type { OutgoingMessage, OutgoingSms, Transport } from '../transport/transport.ts';
import { twilioFromConfig } from '../transport/twilio-from-config.ts';

/** Codes in the air at once; more wait for a socket. */
const socketsMax = 16;

/** The ways that codes go out by. */
export interface CodeTransports {
  transportFor(whose: { mode: Mode; organisationId: string }): Transport<OutgoingSms>;
  close(): Promise<void>;
}

/**
 * Opens the way that codes go out by: SMS alone, and to nobody for a test appointment beside a live
 * provider; the canary's go back to the canary.
 *
 * @returns undefined where this deployment sends no SMS
 * @throws {ConfigError} for an account that is missing or must not be used
 */
export function openCodeTransports(
  config: Config,
  { keepForCanary }: { keepForCanary: (message: OutgoingMessage) => Promise<unknown> },
): CodeTransports | undefined {
  if (!channelsAvailable(config).includes('sms')) return undefined;
  checkTransport(config, ['sms']);
  const provider = twilioFromConfig(config, { purpose: 'codes', maxSockets: socketsMax });
  const sink = hasLiveTransport(config) ? createSink({ onReceipts: async () => {} }) : undefined;
  const canary = createSink({ onReceipts: async () => {}, keep: keepForCanary });
  return {
    transportFor(whose) {
      if (isCanary(whose)) return canary;
      return sink && whose.mode === 'test' ? sink : provider;
    },
    async close() {
      await provider.close();
      await sink?.close();
      await canary.close();
    },
  };
}
