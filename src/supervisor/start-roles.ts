import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config/env.ts';
import { hasLiveTransport } from '../../config/transports.ts';
import { Secret } from '../domain/secret.ts';
import type { DatabaseRole } from '../store/role-logins.ts';
import { type RoleProcess, superviseRole } from './children.ts';
import type { DataDir } from './data-dir.ts';
import { reachable, reachableByName } from './reachable.ts';
import { type RoleName, roleEnvironment } from './role-environment.ts';
import { openRoleLog } from './role-log.ts';
import { loadSandboxAccount } from './sandbox-account.ts';
import { StartError } from './start-error.ts';

const readyTimeoutMs = 60_000;
/** A young generation of 4 MB instead of 16 saves about 8 MB a process and is no slower here. */
const nodeFlags = ['--max-semi-space-size=4', '--disable-sigusr1'];

export interface RolesToStart {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly urls: Readonly<Record<DatabaseRole, Secret<string>>>;
  /** The script that, given a role's name, becomes that role. */
  readonly script: string;
  readonly dataDir: DataDir;
}

/**
 * Starts every role, each as its own process, with its own environment and way into PostgreSQL.
 *
 * @param started takes each role as it is started: where one cannot be, those before it run
 * @throws {StartError} when the log of a role cannot be written
 */
export function startRoles(
  { config, env, urls, script, dataDir }: RolesToStart,
  started: RoleProcess[],
): void {
  const databaseRoles = Object.keys(urls) as DatabaseRole[];
  const names: RoleName[] = isSandbox(config) ? ['sandbox', ...databaseRoles] : databaseRoles;
  for (const name of names) {
    const role = superviseRole({
      name,
      command: process.execPath,
      args: [...nodeFlags, script, name],
      env: roleEnvironment(name, {
        config: name === 'sandbox' ? config : withLogin(config, urls[name]),
        env,
      }),
      log: openRoleLog({
        folder: join(dataDir.path, 'logs'),
        role: name,
        terminal: (line) => console.error(line),
      }),
      onStarted: (identity) => dataDir.recordRole(name, identity),
    });
    started.push(role);
  }
}

/** @throws {StartError} when it keeps ending, or takes over a minute */
export async function untilReady(role: RoleProcess): Promise<void> {
  const patience = new AbortController();
  const late = wait(readyTimeoutMs, undefined, { signal: patience.signal }).then(() => {
    throw new StartError(`${role.name} is not ready after ${readyTimeoutMs / 1000} s`);
  });
  try {
    await Promise.race([role.ready, late]);
  } finally {
    patience.abort();
    late.catch(() => {});
  }
}

/**
 * The configuration with the sandbox as its providers, where that is asked for. Whatever accounts
 * were configured are not used then, and no role gets to know them. Where nothing listens on
 * `localhost`, the addresses that stand on it by default stand on HOST.
 */
export function withSandboxProvider(config: Config, dataDir: string): Config {
  if (!isSandbox(config)) return config;
  const { sid, token } = loadSandboxAccount(dataDir);
  const {
    TWILIO_MESSAGING_SERVICE_SID: _service,
    TWILIO_SEND_KEY_SID: _sid,
    TWILIO_SEND_KEY_SECRET: _secret,
    MAIL_RETURN_PATH: _path,
    DKIM_DOMAIN: _domain,
    DKIM_SELECTOR: _selector,
    DKIM_KEY_FILE: _key,
    ...rest
  } = config;
  const onHost = (url: string, port: number) =>
    url === `http://localhost:${port}` ? `http://${reachableByName(config.HOST)}:${port}` : url;
  return {
    ...rest,
    API_URL: onHost(config.API_URL, config.API_PORT),
    PATIENT_URL: onHost(config.PATIENT_URL, config.PATIENT_PORT),
    OPS_URL: onHost(config.OPS_URL, config.OPS_PORT),
    CALLBACK_URL: onHost(config.CALLBACK_URL, config.API_PORT),
    TWILIO_ACCOUNT_SID: sid,
    TWILIO_AUTH_TOKEN: token,
    TWILIO_FROM: config.TWILIO_FROM ?? 'Sotto',
    TWILIO_BASE_URL: `http://${reachable(config.HOST)}:${config.SANDBOX_PORT}`,
    SMTP_URL: new Secret(`smtp://${reachable(config.HOST)}:${config.SANDBOX_SMTP_PORT}`),
    MAIL_FROM: config.MAIL_FROM ?? 'reminders@sotto.example',
  };
}

/** The ports that the roles will listen on, by the variable that sets each. */
export function portsOf(config: Config): Record<string, number> {
  const { API_PORT, PATIENT_PORT, OPS_PORT, SANDBOX_PORT, SANDBOX_SMTP_PORT } = config;
  const sandboxPorts = isSandbox(config) ? { SANDBOX_PORT, SANDBOX_SMTP_PORT } : {};
  return { API_PORT, PATIENT_PORT, OPS_PORT, ...sandboxPorts };
}

export function isSandbox(config: Config): boolean {
  return !hasLiveTransport(config);
}

/** Past a pooler the role signs in with the same name and password. */
function withLogin(config: Config, url: Secret<string>): Config {
  if (!config.DATABASE_URL || !config.DATABASE_DIRECT_URL) return { ...config, DATABASE_URL: url };
  const login = new URL(url.reveal());
  const pooled = new URL(config.DATABASE_URL.reveal());
  pooled.username = login.username;
  pooled.password = login.password;
  return { ...config, DATABASE_URL: new Secret(pooled.href), DATABASE_DIRECT_URL: url };
}
