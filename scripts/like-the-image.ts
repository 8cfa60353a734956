/**
 * Runs Sotto on this machine as the image and compose.yaml would, where there is no engine: from the
 * files that the image would hold, with the packages that it would install, and for each service its
 * command, its variables and its keys, and nothing else. As root each role runs as a user of its own;
 * else all run as whoever runs this, and nothing but their folders keeps them apart.
 *
 *   DATABASE_URL=postgres://postgres:…@127.0.0.1:5432/sotto node --env-file=.env scripts/like-the-image.ts
 *
 * DATABASE_URL is an administrator's. REDIS_URL may name a Redis or Valkey; else PostgreSQL carries the
 * queue. The other variables are those of deploy/compose.env.example, and the ports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Secret } from '../src/domain/secret.ts';
import { createRoleLogins, databaseRoles } from '../src/store/role-logins.ts';
import { readComposeFile } from './compose-file.ts';
import { isRoot, type LaidImage, layImage } from './dockerfile.ts';
import { createServiceFolders } from './service-folders.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface LikeTheImage {
  readonly roles: ReadonlyMap<string, { readonly pid: number; readonly dataDir: string }>;
  /** All that its processes have printed. */
  output(): string;
  /** Runs a command of the image with the variables and keys of a service, to its end. */
  run(service: string, words: readonly string[]): Promise<{ code: number; output: string }>;
  /** @returns the exit code of each role */
  stop(): Promise<(number | null)[]>;
}

const source = fileURLToPath(new URL('..', import.meta.url));
/** A user for each service, as no machine has them. */
const firstUid = 20_001;
/** A container has an address of its own; here the ports and their neighbours are the machine's. */
const ownHere = [
  'HOST',
  'API_PORT',
  'PATIENT_PORT',
  'OPS_PORT',
  'TRUSTED_PROXIES',
  'TWILIO_BASE_URL',
];

/**
 * @param env as above
 * @throws naming what compose.yaml requires and `env` has not, or with what a service said at its end
 */
export async function startLikeTheImage(env: Environment): Promise<LikeTheImage> {
  const { services } = readComposeFile(join(source, 'compose.yaml'), env);
  const ours = Object.keys(services).filter(
    (name) => services[name]?.image === services.api?.image,
  );
  const folder = mkdtempSync(join(tmpdir(), 'sotto-like-the-image-'));
  chmodSync(folder, 0o755);
  const image = layOrRemove(folder);
  // What `keys` makes is the worker's to write. All containers have one user, so that `change-keys` writes
  // for every role; here that is root.
  const userOf = (name: string) =>
    isRoot() && name !== 'change-keys'
      ? firstUid + ours.indexOf(name === 'keys' ? 'worker' : name)
      : undefined;
  const folders = createServiceFolders({ folder, imageRoot: image.root, userOf });
  const roles = new Map<string, ChildProcess>();
  const logins = new Map<string, string>();
  let output = '';

  const environmentOf = (name: string): Record<string, string> => {
    const { environment = {} } = services[name] ?? {};
    const changed: Environment = {
      ...Object.fromEntries(ownHere.map((variable) => [variable, env[variable]])),
      ...('REDIS_URL' in environment ? { REDIS_URL: env.REDIS_URL ?? '' } : {}),
      ...('DATABASE_URL' in environment
        ? { DATABASE_URL: logins.get(name) ?? env.DATABASE_URL }
        : {}),
    };
    const set = Object.entries(changed).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    );
    return {
      ...image.env,
      ...environment,
      ...Object.fromEntries(set),
      DATA_DIR: folders.dataDir(name),
    };
  };
  const start = (name: string, words: readonly string[]) => {
    const [program = '', ...args] = image.entrypoint;
    const uid = userOf(name);
    const child = spawn(program, [...args, ...words], {
      cwd: join(image.root, 'app'),
      env: environmentOf(name),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        printed += chunk;
        output += chunk;
      });
    }
    return { child, printed: () => printed };
  };
  const run: LikeTheImage['run'] = async (name, words) => {
    const { child, printed } = start(name, words);
    const [code] = await once(child, 'close');
    return { code: code ?? 1, output: printed() };
  };
  const runOnce = async (name: string) => {
    const { code } = await run(name, services[name]?.command ?? []);
    if (code !== 0) throw new Error(`The service ${name} failed.`);
  };
  const stop = async () => {
    const codes = await Promise.all([...roles.values()].map(ended));
    rmSync(folder, { recursive: true, force: true });
    return codes;
  };

  try {
    for (const name of ours.filter((name) => name !== 'keys'))
      folders.lay(name, services[name] ?? {});
    folders.lay('keys', services.keys ?? {});
    await runOnce('migrate');
    // What the service `logins` does with psql, which not every machine has.
    const urls = await createRoleLogins(new Secret(env.DATABASE_URL ?? ''));
    for (const role of databaseRoles) logins.set(role, urls[role].reveal());
    await runOnce('keys');
    for (const name of ours) folders.layReadOnly(name, services[name] ?? {});
    for (const role of databaseRoles)
      roles.set(role, start(role, services[role]?.command ?? []).child);
    await untilWell(run, roles);
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${output}`);
  }
  return {
    roles: new Map(
      [...roles].map(([name, { pid = 0 }]) => [name, { pid, dataDir: folders.dataDir(name) }]),
    ),
    ...{ output: () => output, run, stop },
  };
}

/** A build that fails leaves nothing behind. */
function layOrRemove(folder: string): LaidImage {
  try {
    return layImage({ source, folder: join(folder, 'image') });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Asks each role as the image would be asked. */
async function untilWell(run: LikeTheImage['run'], roles: ReadonlyMap<string, ChildProcess>) {
  for (const [name, child] of roles) {
    const deadline = performance.now() + 30_000;
    while ((await run(name, ['healthcheck', name])).code !== 0) {
      if (child.exitCode !== null) throw new Error(`${name} ended.`);
      if (performance.now() > deadline) throw new Error(`${name} does not answer.`);
      await wait(100);
    }
  }
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(late);
  }
  return child.exitCode;
}

if (import.meta.main) {
  if (!isRoot()) console.error('Without root: all roles run as one user, who can read every key.');
  try {
    const running = await startLikeTheImage(process.env);
    const stopped = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal));
    console.log('Every role runs. Ctrl+C stops them.');
    await Promise.race(stopped);
    await running.stop();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
