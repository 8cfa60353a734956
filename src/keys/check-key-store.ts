import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { contentProblems } from './check-keys-in.ts';
import { errorCode, keyFolder } from './key-files.ts';
import { forEachName } from './key-folder.ts';
import { type KeyRole, privateFolders } from './key-places.ts';
import { KeyStoreError } from './key-store-error.ts';

const publicRoot = 'public';

/**
 * Proves at the start of a role that its key files can be used and are its own: readable, long enough,
 * no two alike, closed to everyone else, and every public half that it owns beside its private
 * one. A store that does not exist yet is fine; the role makes its keys.
 *
 * @throws {KeyStoreError} with every problem found, one line each
 */
export async function checkKeyStore(directory: string, role: KeyRole): Promise<void> {
  const found: string[] = [];
  found.push(...(await publicProblems(directory)));
  for (const folder of privateFolders[role]) {
    for (const path of withParents(folder)) {
      if (path !== folder) found.push(...(await modeProblems(directory, path)));
    }
    found.push(...(await privateProblems(directory, folder)));
  }
  found.push(...(await contentProblems(keyFolder(directory), role)));
  const problems = Array.from(new Set(found));
  if (problems.length > 0) throw new KeyStoreError(problems);
}

function withParents(folder: string): string[] {
  const parts = folder.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Whoever can replace a public half, or a folder above it, reads what is sealed to it from then on. */
async function publicProblems(directory: string): Promise<string[]> {
  const found = await writableProblems(directory, '', 'the store itself');
  const paths = [publicRoot];
  const unreadable = await look(publicRoot, async () => {
    const below = await readdir(join(directory, publicRoot), { recursive: true });
    paths.push(...below.sort().map((path) => `${publicRoot}/${path}`));
    return [];
  });
  await forEachName(paths, async (path) => {
    found.push(...(await writableProblems(directory, path, path)));
  });
  return [...found, ...unreadable];
}

async function writableProblems(directory: string, path: string, name: string): Promise<string[]> {
  return look(name, async () => {
    const information = await stat(join(directory, path));
    const must = information.isDirectory() ? '0755' : '0644';
    return information.mode & 0o022
      ? [`${name}: writable by group or others; must be ${must}`]
      : [];
  });
}

async function modeProblems(directory: string, path: string): Promise<string[]> {
  return look(path, async () => {
    const information = await stat(join(directory, path));
    const must = information.isDirectory() ? '0700' : '0600';
    return information.mode & 0o077 ? [`${path}: open to group or others; must be ${must}`] : [];
  });
}

async function privateProblems(directory: string, path: string): Promise<string[]> {
  const problems = await modeProblems(directory, path);
  const inside = await look(path, async () => {
    if (!(await stat(join(directory, path))).isDirectory()) return [];
    const found: string[] = [];
    for (const name of (await readdir(join(directory, path))).sort()) {
      if (name.startsWith('.')) continue; // half made by a process that died
      found.push(...(await privateProblems(directory, `${path}/${name}`)));
    }
    return found;
  });
  return [...problems, ...inside];
}

/** What is not there is no problem; what cannot be looked at is one. */
async function look(path: string, action: () => Promise<string[]>): Promise<string[]> {
  try {
    return await action();
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' ? [] : [`${path}: cannot be read (${code})`];
  }
}
