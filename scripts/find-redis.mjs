/**
 * Finds a Redis or Valkey server for the tests and prints how to start it, as JSON:
 * `{"program","libraries"}`, where libraries is for LD_LIBRARY_PATH and may be empty.
 *
 * One on PATH is taken; else Debian's packages are downloaded and unpacked into node_modules/.cache,
 * which needs no root and installs no service. Plain JavaScript, for any user, on any Node from 18.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraryFolders, unpackPackages } from './debian-packages.mjs';

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
  const server = { program, libraries: libraryFolders(folder).join(delimiter) };
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
  const isFit = (folder) => unpacked(folder) !== undefined;
  unpackPackages({ folder: cache, choose: whatIsMissing, isFit });
  return unpacked();
}

/** The server and what it needs that this machine lacks. */
function whatIsMissing(aptGet) {
  const plan = aptGet(['-s', 'install', '--no-install-recommends', 'redis-server']);
  const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
  if (names.length === 0) throw new Error('apt-get would install nothing.');
  return names;
}
