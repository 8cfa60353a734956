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
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraryFolders, unpackPackages } from './debian-packages.mjs';

const programs = {
  nginx: { choose: () => ['nginx'], place: 'usr/sbin/nginx', version: '-v' },
  caddy: { choose: () => ['caddy'], place: 'usr/bin/caddy', version: 'version' },
  promtool: { choose: () => ['prometheus'], place: 'usr/bin/promtool', version: '--version' },
  pgbouncer: { choose: withLibraries, place: 'usr/sbin/pgbouncer', version: '--version' },
};

const sources = { promtool: 'prometheus' };

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
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((program) => runs(program));
}

function unpacked() {
  const isFit = (folder) => runs(join(folder, wanted.place), librariesOf(folder));
  if (!isFit(cache)) unpackPackages({ folder: cache, choose: wanted.choose, isFit });
  return [join(cache, wanted.place), librariesOf(cache)].join('\n').trim();
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

function runs(program, libraries) {
  const env = libraries ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env;
  return existsSync(program) && spawnSync(program, [wanted.version], { env }).status === 0;
}
