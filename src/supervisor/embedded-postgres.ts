import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Secret } from '../domain/secret.ts';
import { clusterFolder, stopPostgresIn } from './left-behind.ts';
import { locatePostgres } from './postgres-binaries.ts';
import { type Cluster, openCluster } from './postgres-cluster.ts';
import { postgresSettings } from './postgres-settings.ts';
import { StartError } from './start-error.ts';

export interface EmbeddedPostgres {
  /** Superuser, database `postgres`, loopback only. */
  readonly adminUrl: Secret<string>;
  readonly port: number;
  readonly pid: number;
  /** Settles when the server has ended, asked or not. */
  readonly ended: Promise<void>;
  /** Fast shutdown; after 2 s by force, which the next start recovers from. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  /** A free one is found when none is given. */
  readonly port?: number;
  /** `false` trades what a power cut would take for speed; for tests alone. */
  readonly durable?: boolean;
  /** Settings for another size of machine, instead of ours; for measuring alone. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

const readyMs = 60_000;
const pollMs = 20;
/** What a server says of itself once it can be asked; a standby follows another one. */
const answering = new Set(['ready', 'standby']);
const logBytesMax = 10 * 1024 * 1024;

/**
 * Starts the PostgreSQL that npm installed, making its data folder where there is none.
 *
 * Take the data folder first (`takeDataDir`): a server that still runs on it is stopped here.
 * Data in `DATA_DIR/postgres`, password in `DATA_DIR/postgres-password`, log in
 * `DATA_DIR/postgres.log`. After a crash, what was committed is there when this resolves.
 *
 * @throws {StartError} with one line for the user
 */
export async function startEmbeddedPostgres({
  dataDir,
  port: wantedPort,
  durable = true,
  settings,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await stopPostgresIn(clusterFolder(dataDir));
  const binFolder = locatePostgres(dataDir);
  const cluster = openCluster(dataDir, binFolder);
  const port = wantedPort ?? (await freePort());
  const logFile = join(dataDir, 'postgres.log');

  const { server, logStart } = launch({ cluster, binFolder, port, durable, settings, logFile });
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  await untilReady(server, cluster, { logFile, logStart });
  return {
    adminUrl: new Secret(
      `postgres://postgres:${cluster.password.reveal()}@127.0.0.1:${port}/postgres`,
    ),
    port,
    pid: server.pid ?? 0,
    ended,
    async stop() {
      await stopPostgresIn(cluster.folder);
      await ended;
    },
  };
}

function launch(options: {
  cluster: Cluster;
  binFolder: string;
  port: number;
  durable: boolean;
  settings: EmbeddedPostgresOptions['settings'];
  logFile: string;
}): { server: ChildProcess; logStart: number } {
  const { cluster, binFolder, port, durable, settings, logFile } = options;
  const [command = '', ...args] = [
    ...cluster.user.prefix,
    join(binFolder, 'postgres'),
    '-D',
    cluster.folder,
    ...postgresSettings({ port, durable, others: settings }),
  ];
  const log = openLog(logFile);
  // Before it can write: a server that ends at once has said why by the time anybody looks.
  const logStart = fstatSync(log).size;
  try {
    // Detached: Ctrl+C reaches the whole terminal group, and the roles must end first.
    const server = spawn(command, args, {
      ...cluster.user.spawnAs,
      cwd: cluster.folder,
      env: { LC_ALL: 'C', PATH: process.env.PATH },
      stdio: ['ignore', log, log],
      detached: true,
    });
    return { server, logStart };
  } finally {
    closeSync(log);
  }
}

/** @see https://www.postgresql.org/docs/18/storage-file-layout.html (the last line of its pid file) */
async function untilReady(
  server: ChildProcess,
  cluster: Cluster,
  { logFile, logStart }: { logFile: string; logStart: number },
): Promise<void> {
  const deadline = performance.now() + readyMs;
  let spawnError: Error | undefined;
  server.once('error', (error) => {
    spawnError = error;
  });
  while (performance.now() < deadline) {
    const pidFile = readIfThere(join(cluster.folder, 'postmaster.pid')).split('\n');
    if (Number(pidFile[0]) === server.pid && answering.has(pidFile[7]?.trim() ?? '')) return;
    if (spawnError || server.exitCode !== null || server.signalCode !== null) {
      throw new StartError(`PostgreSQL did not start: ${lastFatal(logFile, logStart)}`);
    }
    await wait(pollMs);
  }
  await stopPostgresIn(cluster.folder);
  throw new StartError(`PostgreSQL was not ready after ${readyMs / 1000} s; see ${logFile}`);
}

function lastFatal(logFile: string, from: number): string {
  const lines = readFileSync(logFile).subarray(from).toString('utf8').trim().split('\n');
  const fatal = lines.findLast((line) => /\b(FATAL|PANIC)\b/.test(line)) ?? lines.at(-1) ?? '';
  return `${fatal.replace(/^.*?(FATAL|PANIC): +/, '')} (more in ${logFile})`;
}

function openLog(path: string): number {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) {
    renameSync(path, `${path}.1`);
  }
  return openSync(path, 'a', 0o600);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new StartError('No free port.');
  return address.port;
}
