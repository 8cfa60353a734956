import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../domain/secret.ts';
import { clusterFolder } from './left-behind.ts';
import { postgresMajor } from './postgres-binaries.ts';
import { choosePostgresUser, type PostgresUser } from './postgres-user.ts';
import { readPrivateFile, syncFolder, writePrivateFile } from './private-file.ts';
import { StartError, systemErrorCode } from './start-error.ts';

/** A PostgreSQL data folder that can be started. */
export interface Cluster {
  readonly folder: string;
  readonly user: PostgresUser;
  readonly password: Secret<string>;
}

const unfinishedPrefix = 'postgres-new-';

/**
 * Opens the data folder of the embedded server, or makes it.
 *
 * It is made aside and gets its name when it is whole, so that a kill or a power cut at any point
 * leaves either a complete folder or none.
 *
 * @throws {StartError} when what stands there is not ours to start
 */
export function openCluster(dataDir: string, binFolder: string): Cluster {
  const folder = clusterFolder(dataDir);
  const passwordFile = join(dataDir, 'postgres-password');
  for (const name of readdirSync(dataDir)) {
    if (name.startsWith(unfinishedPrefix)) rmSync(join(dataDir, name), { recursive: true });
  }
  if (!isMade(folder)) return makeCluster({ dataDir, folder, passwordFile, binFolder });

  const password = readPrivateFile(passwordFile);
  if (!password) {
    throw new StartError(`${passwordFile} is missing: put it back, or move ${folder} away.`);
  }
  return { folder, user: choosePostgresUser(binFolder, folder), password: new Secret(password) };
}

function isMade(folder: string): boolean {
  const entries = list(folder);
  if (!entries) return false;
  if (entries.length === 0) {
    rmdirSync(folder);
    return false;
  }
  const isWhole = ['PG_VERSION', 'global', 'base', 'pg_wal'].every((name) =>
    entries.includes(name),
  );
  if (!isWhole || !existsSync(join(folder, 'global', 'pg_control'))) {
    throw new StartError(
      `${folder} is not a whole database folder: move it away, or set another DATA_DIR.`,
    );
  }
  const version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  if (version !== postgresMajor) {
    throw new StartError(
      `${folder} was made by PostgreSQL ${version.slice(0, 10)}, this is ${postgresMajor}: move it away, or set another DATA_DIR.`,
    );
  }
  return true;
}

function list(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'EACCES') {
      throw new StartError(`${folder} belongs to another user; start Sotto as that user.`);
    }
    throw new StartError(`${folder} cannot be read (${code}): set another DATA_DIR.`);
  }
}

function makeCluster({
  dataDir,
  folder,
  passwordFile,
  binFolder,
}: {
  dataDir: string;
  folder: string;
  passwordFile: string;
  binFolder: string;
}): Cluster {
  const password = randomBytes(24).toString('base64url');
  const aside = mkdtempSync(join(dataDir, unfinishedPrefix));
  const unfinished = join(aside, 'data');
  const passwordForInitdb = join(aside, 'password');
  try {
    mkdirSync(unfinished, { mode: 0o700 });
    writeFileSync(passwordForInitdb, password, { mode: 0o600 });
    const user = choosePostgresUser(binFolder, aside);
    initialise({ binFolder, user, folder: unfinished, passwordFile: passwordForInitdb });
    writePrivateFile(passwordFile, password);
    renameSync(unfinished, folder);
    syncFolder(dataDir);
    return { folder, user, password: new Secret(password) };
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** The built-in C.UTF-8 sorts the same everywhere, whatever locales the machine has. */
function initialise(options: {
  binFolder: string;
  user: PostgresUser;
  folder: string;
  passwordFile: string;
}): void {
  const { binFolder, user, folder, passwordFile } = options;
  const [command = '', ...args] = [
    ...user.prefix,
    join(binFolder, 'initdb'),
    `--pgdata=${folder}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--set=timezone=UTC',
    '--set=max_connections=60',
    '--set=shared_buffers=32MB',
  ];
  const { status, stderr, error } = spawnSync(command, args, {
    ...user.spawnAs,
    cwd: '/',
    env: { LC_ALL: 'C', PATH: process.env.PATH },
    encoding: 'utf8',
  });
  if (status === 0) return;
  const reason = (stderr ?? error?.message ?? '').trim().split('\n').at(-1) ?? '';
  throw new StartError(`PostgreSQL could not make its data folder: ${reason}`);
}
