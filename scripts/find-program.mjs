/**
 * Finds a program that the tests of deploy/ need, nginx, caddy or promtool, and prints where it is.
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
import { unpackPackages } from './debian-packages.mjs';

const programs = {
  nginx: { packages: ['nginx'], place: 'usr/sbin/nginx', version: '-v' },
  caddy: { packages: ['caddy'], place: 'usr/bin/caddy', version: 'version' },
  promtool: { packages: ['prometheus'], place: 'usr/bin/promtool', version: '--version' },
};

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
  const [source] = wanted.packages;
  console.error(
    `A test needs ${name} on PATH. Debian or Ubuntu: apt-get install ${source}. macOS: brew install ${source}.\n${error.message}`,
  );
  process.exit(1);
}

function onPath() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find(runs);
}

function unpacked() {
  const isFit = (folder) => runs(join(folder, wanted.place));
  if (!isFit(cache)) unpackPackages({ folder: cache, choose: () => wanted.packages, isFit });
  return join(cache, wanted.place);
}

function runs(program) {
  return existsSync(program) && spawnSync(program, [wanted.version]).status === 0;
}
