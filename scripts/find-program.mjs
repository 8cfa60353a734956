/**
 * Finds a program that tests need beside PostgreSQL and Redis, and prints where it is. Where it needs
 * libraries of its own, a second line says where they lie, for LD_LIBRARY_PATH.
 *
 *   node scripts/find-program.mjs nginx
 *
 * One on PATH is taken; else Debian's package is downloaded and unpacked into node_modules/.cache,
 * which needs no root and starts nothing. Plain JavaScript, for any user, on any Node from 18.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraryFolders, unpackPackages } from './debian-packages.mjs';

const programs = {
  nginx: { choose: () => ['nginx'], place: 'usr/sbin/nginx', version: '-v' },
  caddy: { choose: () => ['caddy'], place: 'usr/bin/caddy', version: 'version' },
  promtool: { choose: () => ['prometheus'], place: 'usr/bin/promtool', version: '--version' },
  pgbouncer: { choose: withLibraries, place: 'usr/sbin/pgbouncer', version: '--version' },
  // Whole, with its own clients beside it: npm's has none of them.
  postgres: {
    choose: postgresPackages,
    place: 'usr/lib/postgresql/*/bin/postgres',
    version: '--version',
    beside: ['psql', 'pg_basebackup'],
    oldest: 15,
  },
};

const sources = { promtool: 'prometheus', postgres: 'postgresql' };

const [name] = process.argv.slice(2);
const wanted = programs[name];
if (!wanted) {
  console.error(`Usage: node scripts/find-program.mjs ${Object.keys(programs).join('|')}`);
  process.exit(2);
}
const cache = fileURLToPath(new URL(`../node_modules/.cache/sotto-${name}`, import.meta.url));

try {
  console.log(onPath() ?? unpacked());
} catch (error) {
  console.error(
    `A test needs ${name} on PATH. Debian or Ubuntu: apt-get install ${sources[name] ?? name}. macOS: brew install ${sources[name] ?? name}.\n${error.message}`,
  );
  process.exit(1);
}

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const programs = [...folders.map((folder) => join(folder, name)), ...placesIn('/')];
  return programs.find((program) => runs(program));
}

function unpacked() {
  const fitIn = (folder) => placesIn(folder).find((program) => runs(program, librariesOf(folder)));
  const isFit = (folder) => fitIn(folder) !== undefined;
  if (!isFit(cache)) unpackPackages({ folder: cache, choose: wanted.choose, isFit });
  return [fitIn(cache), librariesOf(cache)].join('\n').trim();
}

/** Where its package puts it; of several versions the newest first. */
function placesIn(root) {
  const [before, after] = wanted.place.split('*');
  const folder = join(root, before);
  if (after === undefined) return [folder];
  if (!existsSync(folder)) return [];
  const versions = readdirSync(folder).sort((one, other) => other - one);
  return versions.map((version) => join(folder, version + after));
}

function librariesOf(folder) {
  return libraryFolders(folder).join(delimiter);
}

/** What is missing of it and its libraries; its other packages set up a service. */
function withLibraries(aptGet) {
  const plan = aptGet(['-s', 'install', '--no-install-recommends', name]);
  return [...plan.matchAll(/^Inst (\S+)/gm)]
    .map(([, found]) => found)
    .filter((found) => found === name || (/^lib/.test(found) && !found.endsWith('-perl')));
}

/** The server and its clients, without what compiles queries, which is larger than all of it. */
function postgresPackages(aptGet) {
  const plan = aptGet(['-s', 'install', '--no-install-recommends', 'postgresql']);
  const found = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, one]) => one);
  const servers = found.filter((one) => /^postgresql-\d+$/.test(one));
  // Also where this machine has them: they are looked for beside the server.
  const clients = servers.map((one) => one.replace('-', '-client-'));
  return [...servers, ...clients, ...found.filter((one) => /^lib(?!llvm)(?!.*-perl$)/.test(one))];
}

function runs(program, libraries) {
  const { version, beside = [], oldest = 0 } = wanted;
  const programs = [program, ...beside.map((other) => join(dirname(program), other))];
  if (!programs.every((one) => existsSync(one))) return false;
  const env = libraries ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env;
  const { status, stdout } = spawnSync(program, [version], { env, encoding: 'utf8' });
  return status === 0 && (oldest === 0 || Number(/\d+/.exec(stdout)?.[0]) >= oldest);
}
