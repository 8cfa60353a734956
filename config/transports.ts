import { type Channel, channels } from '../src/domain/channel.ts';
import { type Config, ConfigError } from './env.ts';

/** Account identifiers that the sandbox makes for itself begin so; a live transport refuses them. */
export const sandboxAccountPrefix = 'ACsandbox';

type Transports = Pick<Config, 'SMS_TRANSPORT' | 'EMAIL_TRANSPORT'>;

/** Whether real people are written to on some channel: then the sandbox must not run. */
export function hasLiveTransport({ SMS_TRANSPORT, EMAIL_TRANSPORT }: Transports): boolean {
  return SMS_TRANSPORT !== 'sandbox' || EMAIL_TRANSPORT !== 'sandbox';
}

/** What can be sent on: both channels of the sandbox or, beside a live transport, live ones alone. */
export function channelsAvailable(config: Transports): Channel[] {
  const live: Record<Channel, boolean> = {
    sms: config.SMS_TRANSPORT !== 'sandbox',
    email: config.EMAIL_TRANSPORT !== 'sandbox',
  };
  return channels.filter((channel) => live[channel] || !hasLiveTransport(config));
}

/** How long a send of unknown outcome is looked for, before a transport's own least time. */
export function settleWindowS(config: Transports & Pick<Config, 'SETTLE_WINDOW_S'>): number {
  return config.SETTLE_WINDOW_S ?? (hasLiveTransport(config) ? 900 : 60);
}

/**
 * Checks what a process that sends needs; the others are not given a provider's secrets.
 *
 * @param sending the channels that this process sends on
 * @throws {ConfigError} naming every problem at once
 */
export function checkTransport(config: Config, sending: readonly Channel[] = channels): void {
  if (!hasLiveTransport(config)) return;
  const problems = [
    ...(sending.includes('sms') && config.SMS_TRANSPORT === 'twilio' ? smsProblems(config) : []),
    ...(sending.includes('email') && config.EMAIL_TRANSPORT === 'smtp'
      ? emailProblems(config)
      : []),
  ];
  if (!config.PATIENT_URL.startsWith('https://')) {
    problems.push('PATIENT_URL: must be https when a transport is live');
  }
  // Numbers travel there and back: to the provider with the account's token, and in its callbacks.
  for (const name of ['TWILIO_BASE_URL', 'CALLBACK_URL'] as const) {
    const url = config[name];
    if (url !== undefined && !url.startsWith('https://') && !isLoopback(url)) {
      problems.push(`${name}: must be https when a transport is live`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

function smsProblems(config: Config): string[] {
  const problems: string[] = [];
  if (!config.TWILIO_ACCOUNT_SID) {
    problems.push('TWILIO_ACCOUNT_SID: required by SMS_TRANSPORT=twilio');
  }
  if (!config.TWILIO_SEND_KEY_SID !== !config.TWILIO_SEND_KEY_SECRET) {
    problems.push('TWILIO_SEND_KEY_SID: set this and TWILIO_SEND_KEY_SECRET, or neither');
  }
  // A role with the key alone has no token; who needs the token asks for it.
  if (!config.TWILIO_AUTH_TOKEN && !config.TWILIO_SEND_KEY_SID) {
    problems.push(
      'TWILIO_AUTH_TOKEN: required by SMS_TRANSPORT=twilio; patient needs TWILIO_SEND_KEY_SID alone',
    );
  }
  if (!config.TWILIO_FROM === !config.TWILIO_MESSAGING_SERVICE_SID) {
    problems.push('TWILIO_FROM: set this or TWILIO_MESSAGING_SERVICE_SID, one of the two');
  }
  if (config.TWILIO_ACCOUNT_SID?.startsWith(sandboxAccountPrefix)) {
    problems.push('TWILIO_ACCOUNT_SID: is the sandbox account; a live transport needs its own');
  }
  return problems;
}

function emailProblems(config: Config): string[] {
  const problems: string[] = [];
  if (!config.SMTP_URL) problems.push('SMTP_URL: required by EMAIL_TRANSPORT=smtp');
  if (!config.MAIL_FROM) problems.push('MAIL_FROM: required by EMAIL_TRANSPORT=smtp');
  const dkim = ['DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_KEY_FILE'] as const;
  const missing = dkim.filter((name) => config[name] === undefined);
  if (missing.length < dkim.length) {
    problems.push(...missing.map((name) => `${name}: required by the other DKIM settings`));
  }
  return problems;
}

function isLoopback(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}
