import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type Config, loadConfig } from '../../config/env.ts';
import { Secret } from '../../src/domain/secret.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins, databaseRoles } from '../../src/store/role-logins.ts';
import { superviseRole } from '../../src/supervisor/children.ts';
import { locatePostgres } from '../../src/supervisor/postgres-binaries.ts';
import { openCluster } from '../../src/supervisor/postgres-cluster.ts';
import { postgresSettings } from '../../src/supervisor/postgres-settings.ts';
import type { ProcessIdentity } from '../../src/supervisor/process-identity.ts';
import { type RoleName, roleEnvironment } from '../../src/supervisor/role-environment.ts';
import { openRoleLog } from '../../src/supervisor/role-log.ts';
import { untilReady, withSandboxProvider } from '../../src/supervisor/start-roles.ts';
import { freePort } from '../support/free-port.ts';
import type { SandboxMessage } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';
import { createTurnedClock, type TurnedClock } from './turned-clock.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** Every role and PostgreSQL, each a process of its own as in production, all by one turned clock. */
export interface TurnedSystem {
  readonly clock: TurnedClock;
  readonly config: Config;
  readonly adminUrl: Secret<string>;
  /** Past all row-level security: for looking. */
  readonly admin: pg.Pool;
  messages(): Promise<SandboxMessage[]>;
  /** What roles logged as errors so far, one line each. */
  alarms(): readonly string[];
  /** Turns the clock, and starts again what runs duties: all of them begin at once. */
  turnTo(instant: Temporal.Instant): Promise<void>;
  stop(): Promise<void>;
}

export async function startTurnedSystem(): Promise<TurnedSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-clock-'));
  // PostgreSQL runs as somebody else.
  chmodSync(folder, 0o755);
  const clock = createTurnedClock(folder);
  const ports = await freePorts(6);
  const postgres = await startPostgres({ folder, clock, port: ports[5] ?? 0 });
  const { adminUrl } = postgres;
  await migrate(adminUrl);
  const urls = await createRoleLogins(adminUrl);
  const config = withSandboxProvider(
    loadConfig({
      DATA_DIR: folder,
      DATABASE_URL: adminUrl.reveal(),
      API_PORT: String(ports[0]),
      PATIENT_PORT: String(ports[1]),
      OPS_PORT: String(ports[2]),
      SANDBOX_PORT: String(ports[3]),
      SANDBOX_SMTP_PORT: String(ports[4]),
      // An organisation, a key and appointments of its own would be counted with those of the story.
      CANARY: 'off',
    }),
    folder,
  );
  const alarms: string[] = [];
  // That a role ended and is started again is our doing.
  const noteAlarm = (line: string) => {
    if (!line.includes('starting again')) alarms.push(line);
  };
  const running = new Map<string, ProcessIdentity>();
  const roles = (['sandbox', ...databaseRoles] as RoleName[]).map((name) =>
    superviseRole({
      name,
      command: process.execPath,
      args: [cli, name],
      env: {
        ...roleEnvironment(name, {
          config: name === 'sandbox' ? config : { ...config, DATABASE_URL: urls[name] },
          env: process.env,
        }),
        ...clock.env,
      },
      log: openRoleLog({ folder: join(folder, 'logs'), role: name, terminal: noteAlarm }),
      onStarted: (role) => running.set(name, role),
    }),
  );
  await Promise.all(roles.map(untilReady));
  const admin = new pg.Pool({ connectionString: adminUrl.reveal(), max: 2 });
  admin.on('error', () => {});

  async function beatsSince(instant: Temporal.Instant): Promise<void> {
    const duties = ['retire', 'event-months', 'epoch-keys', 'ledger', 'expire', 'clear-parcels'];
    await waitFor(async () => {
      const { rows } = await admin.query(
        'select name from heartbeats where name = any($1) and beat_at >= $2 group by name',
        [duties, instant.toString()],
      );
      return rows.length === duties.length;
    }, 120_000);
  }

  return {
    clock,
    config,
    adminUrl,
    admin,
    alarms: () => alarms,
    async messages() {
      const response = await fetch(`http://127.0.0.1:${config.SANDBOX_PORT}/messages`);
      return (await response.json()) as SandboxMessage[];
    },
    async turnTo(instant) {
      clock.turnTo(instant);
      await waitFor(async () => {
        const { rows } = await admin.query('select clock_timestamp() >= $1 as turned', [
          instant.toString(),
        ]);
        return rows[0].turned;
      });
      for (const name of ['scheduler', 'worker', 'patient']) {
        const { pid } = running.get(name) ?? { pid: 0 };
        if (pid > 0) process.kill(pid, 'SIGTERM');
      }
      await beatsSince(instant);
      await waitFor(() =>
        fetch(`${config.PATIENT_URL}/check`).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
    },
    async stop() {
      await Promise.all(roles.map((role) => role.stop()));
      await admin.end();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startPostgres(options: { folder: string; clock: TurnedClock; port: number }) {
  const { folder, clock, port } = options;
  const binFolder = locatePostgres(folder);
  const cluster = openCluster(folder, binFolder);
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const log = openSync(join(folder, 'logs', 'postgres.log'), 'a');
  const [command = '', ...args] = [
    ...cluster.user.prefix,
    join(binFolder, 'postgres'),
    ...['-D', cluster.folder],
    ...postgresSettings({ port, durable: true }),
  ];
  const server = spawn(command, args, {
    ...cluster.user.spawnAs,
    cwd: cluster.folder,
    env: { LC_ALL: 'C', PATH: process.env.PATH, ...clock.envOfOneThread },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise((resolve) => server.once('exit', resolve));
  await waitFor(() => {
    if (server.exitCode !== null) throw new Error('PostgreSQL ended at once');
    return readyIn(cluster.folder);
  }, 60_000);
  return {
    adminUrl: new Secret(
      `postgres://postgres:${cluster.password.reveal()}@127.0.0.1:${port}/postgres`,
    ),
    async stop() {
      server.kill('SIGINT');
      await ended;
    },
  };
}

function readyIn(folder: string): boolean {
  try {
    return readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

const freePorts = (count: number) => Promise.all(Array.from({ length: count }, freePort));
