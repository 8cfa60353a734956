/**
 * Downloads Debian's packages and unpacks them into a folder: no root, no service, nothing installed.
 * Plain JavaScript, for any user, on any Node from 18.
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
import { dirname, join } from 'node:path';

/**
 * Unpacks packages into `folder`, whole or not at all.
 *
 * @param choose is handed a way to run apt-get and returns the names of the packages
 * @param isFit whether what lies in a folder will do
 */
export function unpackPackages({ folder: target, choose, isFit }) {
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(`${target}-`);
  try {
    for (const file of download(join(folder, 'apt'), choose)) run('dpkg', ['-x', file, folder]);
    rmSync(join(folder, 'apt'), { recursive: true });
    if (!isFit(folder)) throw new Error('What was downloaded does not run, or is too old.');
    // Of two that unpack at once the first one's files are as good, and in use.
    if (isFit(target)) {
      rmSync(folder, { recursive: true });
      return;
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (!isFit(target)) throw error;
  }
}

/** Where the libraries of unpacked packages lie, for LD_LIBRARY_PATH. */
export function libraryFolders(folder) {
  const below = ['usr/lib', 'lib'].map((name) => join(folder, name)).filter(existsSync);
  return below.flatMap((name) => [
    name,
    ...readdirSync(name).map((triplet) => join(name, triplet)),
  ]);
}

/** Returns the downloaded files. */
function download(folder, choose) {
  mkdirSync(join(folder, 'state/lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  const state = realpathSync(folder);
  const own = [`Dir::State=${state}/state`, 'Dir::State::status=/var/lib/dpkg/status'];
  const options = [`Dir::Cache=${state}/cache`].flatMap((option) => ['-o', option]);
  try {
    return downloadWith(options, folder, choose);
  } catch {
    // Lists that are missing or old: a set of one's own, so that the machine's stay as they are.
    options.push(...own.flatMap((option) => ['-o', option]));
    run('apt-get', [...options, 'update']);
    return downloadWith(options, folder, choose);
  }
}

function downloadWith(options, folder, choose) {
  const names = choose((args) => run('apt-get', [...options, ...args]));
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
