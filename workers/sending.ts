import { type Config, ConfigError } from '../config/env.ts';
import { limits } from '../config/limits.ts';
import type { Secret } from '../src/domain/secret.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import { createLinkTokens, type LinkTokens } from '../src/keys/link-token.ts';
import type { Database } from '../src/store/database.ts';
import type { Log } from '../src/telemetry/log.ts';
import { createTwilioTransport } from '../src/transport/sms-twilio.ts';
import type { Transport } from '../src/transport/transport.ts';
import type { DispatchDeps } from '../src/usecases/dispatch-batch.ts';
import { createSuppressionLookup } from '../src/usecases/find-suppressed.ts';
import { createOutcomeRecorder } from '../src/usecases/record-outcome.ts';
import { createSendBreaker } from '../src/usecases/send-breaker.ts';
import { createSendSlots } from '../src/usecases/send-slots.ts';

const socketsMax = 32;

/** All that one process needs to send batches. */
export type Sending = DispatchDeps;

export async function openSending(parts: {
  config: Config;
  database: Database;
  keys: KeyStore;
  tokens: RenewedTokens;
  transport: Transport;
  log: Log;
  stop: AbortSignal;
}): Promise<Sending> {
  const { config, database, keys, tokens, transport, log, stop } = parts;
  return {
    database,
    transport,
    log,
    stopping: stop,
    linkTokens: tokens.mint,
    linkHostUrl: config.PATIENT_URL,
    optOut: config.SMS_OPT_OUT === 'reply',
    epochPrivateKey: keys.epochPrivateKey,
    findSuppressed: createSuppressionLookup({ database, keys }),
    recorder: createOutcomeRecorder({ database, log }),
    slots: createSendSlots(socketsMax),
    breaker: createSendBreaker({
      onChange: (open) =>
        log.warn('a provider’s breaker changed', { state: open ? 'open' : 'closed' }),
    }),
  };
}

export interface RenewedTokens {
  readonly mint: Pick<LinkTokens, 'mint' | 'newestSelector'>;
  renew(): Promise<void>;
}

/** Link tokens under the keys that are in the store now: a new one is used without a restart. */
export async function createRenewedTokens(keys: KeyStore, config: Config): Promise<RenewedTokens> {
  const audience = new URL(config.PATIENT_URL).host;
  let tokens = createLinkTokens({ keys: await keys.ensureLinkKey(), audience });
  return {
    mint: {
      get newestSelector() {
        return tokens.newestSelector;
      },
      mint: (secret, selector) => tokens.mint(secret, selector),
    },
    async renew() {
      tokens = createLinkTokens({ keys: await keys.linkKeys(), audience });
    },
  };
}

export function smsTransport(config: Config): Transport {
  return createTwilioTransport({
    ...twilioAccount(config),
    from: config.TWILIO_FROM,
    messagingServiceSid: config.TWILIO_MESSAGING_SERVICE_SID,
    baseUrl: config.TWILIO_BASE_URL,
    statusCallbackUrl: (token) => `${config.CALLBACK_URL}/callbacks/twilio/status/${token}`,
    timeoutMs: limits.sendTimeoutMs,
    maxSockets: socketsMax,
  });
}

/** @throws {ConfigError} when the account is not configured */
export function twilioAccount(config: Config): { accountSid: string; authToken: Secret<string> } {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = config;
  if (!accountSid || !authToken) {
    throw new ConfigError(['TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: required by this role']);
  }
  return { accountSid, authToken };
}
