/**
 * Makes `npm start` and `npm test` work in a fresh clone: installs what package-lock.json names, and
 * with `--test` sees to a browser and a Redis. Quiet when there is nothing to do.
 *
 * Plain JavaScript without packages, because it runs before there are any, on whatever Node the
 * machine has (18 or newer). What follows it in package.json finds the installed Node 26 first in
 * PATH, once the shell has forgotten (`hash -r`) where the first one was. It is no `prestart`,
 * because npm leaves those out where it is told to run no install scripts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const forTests = process.argv.includes('--test');
const nodeMajor = 26;
const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

if (!isInstalled()) install();
checkNode();
if (forTests) {
  findBrowser();
  findRedis();
}

/** npm writes down what it has installed when it is done; that is compared with the lock. */
function isInstalled() {
  const wanted = readLock('package-lock.json');
  const installed = readLock('node_modules/.package-lock.json');
  if (!wanted || !installed) return false;
  const unwanted = Object.keys(installed).some((path) => !wanted[path]);
  const missing = Object.entries(wanted).some(([path, { version, integrity, ...entry }]) => {
    if (path === '') return false;
    const found = installed[path];
    if (!found) return !(entry.optional || (entry.dev && !forTests));
    return found.version !== version || (integrity && found.integrity !== integrity);
  });
  return !unwanted && !missing;
}

function readLock(name) {
  try {
    return JSON.parse(readFileSync(join(root, name), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  console.log('Installing packages, once: about a minute…');
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  const args = ['ci', '--no-audit', '--no-fund', ...(forTests ? ['--include=dev'] : [])];
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
  // By the Node that npm itself runs on: the one in node_modules is about to be replaced.
  const { status, stdout, stderr, error } =
    npm && node
      ? spawnSync(node, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (status === 0) return;
  console.error(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim());
  console.error('Installing failed (npm ci).');
  process.exit(status || 1);
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= nodeMajor) return;
  if (existsSync(join(root, 'node_modules', '.bin', 'node'))) return;
  console.error(
    `Sotto needs Node ${nodeMajor} and this is ${process.version}. The one that it brings is not installed: ` +
      `run npm ci --include=optional, or install Node ${nodeMajor}.`,
  );
  process.exit(1);
}

function findBrowser() {
  if (process.env.CHROMIUM_PATH || browsers.some(isOnPath)) return;
  const command = 'apt-get install -y --no-install-recommends chromium fonts-dejavu-core';
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    console.log(
      `The tests of pages need Chromium and will fail without it. Debian or Ubuntu: sudo ${command}`,
    );
    return;
  }
  console.log('Installing Chromium for the tests of pages…');
  for (const step of ['apt-get update', command]) {
    const [program, ...args] = step.split(' ');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const { status, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
    // Without it the tests that need it say so themselves; all the others still count.
    if (status !== 0) console.error(`${step} failed:\n${(stderr ?? '').trim()}`);
  }
}

/** Ahead of the tests, so that what it has to say is not lost among theirs. */
function findRedis() {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/find-redis.mjs')], {
    encoding: 'utf8',
  });
  if (status !== 0) console.error(stderr.trim());
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}
