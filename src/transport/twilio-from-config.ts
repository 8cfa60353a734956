import { type Config, ConfigError } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import type { Secret } from '../domain/secret.ts';
import { createTwilioTransport } from './sms-twilio.ts';
import type { OutgoingSms, Transport } from './transport.ts';

/**
 * The way to Twilio that the configuration names.
 *
 * @param options.receipts whether to ask for word of what becomes of each message: reminders do,
 *   codes do not, since nothing waits for it
 * @throws {ConfigError} when the account is not configured
 */
export function twilioFromConfig(
  config: Config,
  { receipts, maxSockets }: { receipts: boolean; maxSockets: number },
): Transport<OutgoingSms> {
  const callbacks = `${config.CALLBACK_URL}/callbacks/twilio/status`;
  return createTwilioTransport({
    ...twilioAccount(config),
    from: config.TWILIO_FROM,
    messagingServiceSid: config.TWILIO_MESSAGING_SERVICE_SID,
    baseUrl: config.TWILIO_BASE_URL,
    statusCallbackUrl: receipts ? (token) => `${callbacks}/${token}` : undefined,
    timeoutMs: limits.sendTimeoutMs,
    maxSockets,
  });
}

/** @throws {ConfigError} when the account is not configured */
function twilioAccount(config: Config): { accountSid: string; authToken: Secret<string> } {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = config;
  if (!accountSid || !authToken) {
    throw new ConfigError(['TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: required by this role']);
  }
  return { accountSid, authToken };
}
