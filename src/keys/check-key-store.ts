import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, forEachName, keyFolder, privateExtension } from './key-files.ts';
import {
  boxPair,
  orphanProblem,
  type PairKind,
  privateBytes,
  receiptPair,
  strangerProblem,
} from './key-pairs.ts';
import {
  type KeyRole,
  organisationFolder,
  type PairPlace,
  places,
  privateFolders,
  viewPlace,
} from './key-places.ts';
import { KeyStoreError } from './key-store-error.ts';

const publicRoot = 'public';

/**
 * Proves at the start of a role that its keys can be used and are its own: readable, long enough,
 * no two alike, closed to everyone else, and every public half that it owns beside its private
 * one. A store that does not exist yet is fine; the role makes its keys.
 *
 * @throws {KeyStoreError} with every problem found, one line each
 */
export async function checkKeyStore(directory: string, role: KeyRole): Promise<void> {
  const found: string[] = [];
  found.push(...(await publicProblems(directory)));
  const pathByKey = new Map<string, string>();
  for (const folder of privateFolders[role]) {
    for (const path of withParents(folder)) {
      if (path !== folder) found.push(...(await modeProblems(directory, path)));
    }
    found.push(...(await privateProblems({ directory, path: folder, pathByKey })));
  }
  for (const { place, kind } of await ownPairs(directory, role)) {
    found.push(...(await pairProblems(directory, place, kind)));
  }
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

async function privateProblems(input: {
  directory: string;
  path: string;
  pathByKey: Map<string, string>;
}): Promise<string[]> {
  const { directory, path, pathByKey } = input;
  const problems = await modeProblems(directory, path);
  const inside = await look(path, async () => {
    if ((await stat(join(directory, path))).isDirectory()) {
      const found: string[] = [];
      for (const name of (await readdir(join(directory, path))).sort()) {
        if (name.startsWith('.')) continue; // half made by a process that died
        found.push(...(await privateProblems({ ...input, path: `${path}/${name}` })));
      }
      return found;
    }
    return path.endsWith(privateExtension)
      ? keyProblems(path, await readFile(join(directory, path)), pathByKey)
      : [];
  });
  return [...problems, ...inside];
}

function keyProblems(path: string, bytes: Buffer, pathByKey: Map<string, string>): string[] {
  if (bytes.length < privateBytes) return [`${path}: shorter than ${privateBytes} bytes`];
  const same = pathByKey.get(bytes.toString('latin1'));
  if (same !== undefined) return [`${path}: the same key as ${same}`];
  pathByKey.set(bytes.toString('latin1'), path);
  return [];
}

async function ownPairs(
  directory: string,
  role: KeyRole,
): Promise<{ place: PairPlace; kind: PairKind }[]> {
  if (role === 'worker') return [{ place: places.epoch, kind: boxPair }];
  if (role === 'scheduler') {
    return [
      ...[places.webhook, places.canary].map((place) => ({ place, kind: boxPair })),
      { place: places.audit, kind: receiptPair },
    ];
  }
  if (role === 'api') return [{ place: places.receipt, kind: receiptPair }];
  if (role !== 'patient') return [];
  const organisations = await keyFolder(directory).list(places.views.publicFolder, '');
  const views = organisations.filter((name) => organisationFolder.test(name));
  return [
    { place: places.erasure, kind: receiptPair },
    ...views.map((name) => ({ place: viewPlace(name), kind: boxPair })),
  ];
}

async function pairProblems(
  directory: string,
  place: PairPlace,
  kind: PairKind,
): Promise<string[]> {
  const files = keyFolder(directory);
  const problems: string[] = [];
  const names = (await files.list(place.publicFolder, kind.publicExtension)).sort();
  await forEachName(names, async (name) => {
    try {
      const [published, held] = await Promise.all([
        files.read(`${place.publicFolder}/${name}${kind.publicExtension}`),
        files.read(`${place.privateFolder}/${name}${privateExtension}`),
      ]);
      if (!held) {
        if (!kind.publicOutlives) problems.push(orphanProblem(place, kind, name));
      } else if (held.length !== privateBytes || !published?.equals(kind.publicHalf(held))) {
        problems.push(strangerProblem(place, kind, name));
      }
    } catch (error) {
      if (!(error instanceof KeyStoreError)) throw error;
      problems.push(...error.problems);
    }
  });
  return problems;
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
