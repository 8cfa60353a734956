import { type Config, ConfigError } from '../config/env.ts';
import type { Database } from '../src/store/database.ts';
import type { Log } from '../src/telemetry/log.ts';
import { emailAlerts, webhookAlerts } from '../src/transport/alert-channel.ts';
import { deadManPing } from '../src/transport/dead-man.ts';
import { pingDeadMan } from '../src/usecases/ping-dead-man.ts';
import { type AlertDeps, sendAlerts } from '../src/usecases/send-alerts.ts';
import type { Duty } from './duties.ts';

/** The mail server is the worker's; the scheduler speaks to it when no worker has for so long. */
const forWorkerS = 45;

/**
 * Wakes somebody. Scheduler and worker both do: whatever has died, the other tells of it.
 *
 * @throws {ConfigError} for ALERT_EMAIL without a mail server
 */
export function alertDuty(deps: {
  config: Config;
  database: Pick<Database, 'query'>;
  log: Log;
  isWorker: boolean;
}): Duty {
  const { config, database, log } = deps;
  const channels = alertChannels(config, deps.isWorker);
  const { API_URL: apiUrl, OPS_URL: opsUrl } = config;
  return {
    name: 'alerts',
    everyMs: 5_000,
    run: () => sendAlerts({ database, channels, apiUrl, opsUrl, log }),
  };
}

function alertChannels(config: Config, isWorker: boolean): AlertDeps['channels'] {
  const { ALERT_WEBHOOK_URL: hook, ALERT_EMAIL: to, SMTP_URL: url, MAIL_FROM: from } = config;
  if (to && !(url && from)) {
    throw new ConfigError(['ALERT_EMAIL: needs SMTP_URL and MAIL_FROM']);
  }
  return [
    ...(hook ? [{ way: 'webhook' as const, send: webhookAlerts(hook), afterS: 0 }] : []),
    ...(to && url && from
      ? [
          {
            way: 'email' as const,
            send: emailAlerts({ url, from, to }),
            afterS: isWorker ? 0 : forWorkerS,
          },
        ]
      : []),
  ];
}

/** For a switch elsewhere, if there is one: that every duty is done, and every alert was taken. */
export function deadManDuty(deps: {
  config: Config;
  database: Pick<Database, 'query'>;
  isEveryDutyDone: () => boolean;
  log: Log;
}): Duty[] {
  const { config, ...rest } = deps;
  if (!config.DEADMAN_URL) return [];
  const ping = deadManPing(config.DEADMAN_URL);
  const alertWays = alertChannels(config, false).map(({ way }) => way);
  const run = () => pingDeadMan({ ...rest, alertWays, ping });
  return [{ name: 'dead-man', everyMs: 30_000, run }];
}
