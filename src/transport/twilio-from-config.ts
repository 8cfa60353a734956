import { type Config, ConfigError } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import type { Secret } from '../domain/secret.ts';
import { createTwilioTransport } from './sms-twilio.ts';
import type { OutgoingSms, Transport } from './transport.ts';

/**
 * The way to Twilio that the configuration names.
 *
 * Reminders ask for word of what becomes of each message. Codes do not, since nothing waits for it,
 * and where there is a key that may only send they go out with that: with the token, whoever took over
 * the pages that patients open could read at the provider every number and link of the deployment.
 *
 * @throws {ConfigError} when the account is not configured
 */
export function twilioFromConfig(
  config: Config,
  { purpose, maxSockets }: { purpose: 'reminders' | 'codes'; maxSockets: number },
): Transport<OutgoingSms> {
  const callbacks = `${config.CALLBACK_URL}/callbacks/twilio/status`;
  return createTwilioTransport({
    ...((purpose === 'codes' ? sendOnlyAccount(config) : undefined) ?? wholeAccount(config)),
    from: config.TWILIO_FROM,
    messagingServiceSid: config.TWILIO_MESSAGING_SERVICE_SID,
    baseUrl: config.TWILIO_BASE_URL,
    statusCallbackUrl: purpose === 'reminders' ? (token) => `${callbacks}/${token}` : undefined,
    timeoutMs: limits.sendTimeoutMs,
    maxSockets,
    lookUpLagMs: config.SMS_TRANSPORT === 'twilio' ? limits.twilioLagMs : 0,
    keepsCopies: config.TWILIO_COPIES === 'keep',
  });
}

function sendOnlyAccount({
  TWILIO_ACCOUNT_SID: accountSid,
  TWILIO_SEND_KEY_SID: keySid,
  TWILIO_SEND_KEY_SECRET: authToken,
}: Config): { accountSid: string; keySid: string; authToken: Secret<string> } | undefined {
  return accountSid && keySid && authToken ? { accountSid, keySid, authToken } : undefined;
}

/** @throws {ConfigError} when the account is not configured */
function wholeAccount(config: Config): { accountSid: string; authToken: Secret<string> } {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = config;
  if (!accountSid || !authToken) {
    throw new ConfigError(['TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: required by this role']);
  }
  return { accountSid, authToken };
}
