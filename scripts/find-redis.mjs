/**
 * Finds a Redis or Valkey server for the tests and prints how to start it, as JSON:
 * `{"program","libraries"}`, where libraries is for LD_LIBRARY_PATH and may be empty.
 *
 * One on PATH is taken; else Debian's packages are downloaded and unpacked into node_modules/.cache,
 * which needs no root and installs no service. Plain JavaScript, for any user, on any Node from 18.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldest = [6, 2];
const cache = fileURLToPath(new URL('../node_modules/.cache/sotto-redis', import.meta.url));
const remedy =
  'The tests of the queue need redis-server 6.2 or newer, or valkey-server, on PATH. Debian or Ubuntu: ' +
  'apt-get install redis-server. macOS: brew install redis.';

try {
  console.log(JSON.stringify(onPath() ?? unpacked() ?? unpack()));
} catch (error) {
  console.error(`${remedy}\n${error.message}`);
  process.exit(1);
}

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const programs = ['valkey-server', 'redis-server'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  );
  return programs.map((program) => ({ program, libraries: '' })).find(isFit);
}

function unpacked(folder = cache) {
  const program = join(folder, 'usr/bin/redis-server');
  if (!existsSync(program)) return undefined;
  const below = ['usr/lib', 'lib'].map((name) => join(folder, name)).filter(existsSync);
  const libraries = below.flatMap((name) => [
    name,
    ...readdirSync(name).map((triplet) => join(name, triplet)),
  ]);
  const server = { program, libraries: libraries.join(delimiter) };
  return isFit(server) ? server : undefined;
}

/** Is it there, does it run on this machine, and is it new enough? */
function isFit({ program, libraries }) {
  if (!existsSync(program)) return false;
  const env = { ...process.env, LD_LIBRARY_PATH: libraries };
  const { stdout } = spawnSync(program, ['--version'], { env, encoding: 'utf8' });
  const [, major, minor] = /v=(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1]);
}

function unpack() {
  mkdirSync(join(cache, '..'), { recursive: true });
  const folder = mkdtempSync(`${cache}-`);
  try {
    const packages = download(join(folder, 'apt'));
    for (const file of packages) run('dpkg', ['-x', file, folder]);
    rmSync(join(folder, 'apt'), { recursive: true });
    if (!unpacked(folder)) throw new Error('What was downloaded does not run, or is too old.');
    // Of two that unpack at once the later one wins, and the other's files are as good.
    rmSync(cache, { recursive: true, force: true });
    renameSync(folder, cache);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const other = unpacked();
    if (other) return other;
    throw error;
  }
  return unpacked();
}

/** Downloads the server and what it needs that this machine lacks; returns the files. */
function download(folder) {
  mkdirSync(join(folder, 'state/lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  const state = realpathSync(folder);
  const own = [`Dir::State=${state}/state`, 'Dir::State::status=/var/lib/dpkg/status'];
  const options = [`Dir::Cache=${state}/cache`].flatMap((option) => ['-o', option]);
  try {
    return downloadWith(options, folder);
  } catch {
    // Lists that are missing or old: a set of one's own, so that the machine's stay as they are.
    options.push(...own.flatMap((option) => ['-o', option]));
    run('apt-get', [...options, 'update']);
    return downloadWith(options, folder);
  }
}

function downloadWith(options, folder) {
  const wanted = [...options, '-s', 'install', '--no-install-recommends', 'redis-server'];
  const plan = run('apt-get', wanted);
  const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
  if (names.length === 0) throw new Error('apt-get would install nothing.');
  // Without its sandbox user, which may not enter this folder.
  run('apt-get', [...options, '-o', 'APT::Sandbox::User=root', 'download', ...names], folder);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(folder, name));
}

function run(program, args, cwd) {
  const env = { ...process.env, LC_ALL: 'C' };
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${program}: ${(stderr ?? error?.message ?? '').trim()}`);
  return stdout;
}
