import { forEachName, type KeyFolder, privateExtension } from './key-folder.ts';
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

/**
 * What is wrong with the keys themselves that a role reads, wherever they lie: too short, two alike, a
 * public half without its private one.
 *
 * @returns one line a problem
 */
export async function contentProblems(files: KeyFolder, role: KeyRole): Promise<string[]> {
  const found: string[] = [];
  const pathByKey = new Map<string, string>();
  for (const folder of privateFolders[role]) {
    found.push(...(await privateProblems({ files, folder, pathByKey })));
  }
  const pairs = await told([], () => ownPairs(files, role), found);
  for (const { place, kind } of pairs) found.push(...(await pairProblems(files, place, kind)));
  return found;
}

async function privateProblems(input: {
  files: KeyFolder;
  folder: string;
  pathByKey: Map<string, string>;
}): Promise<string[]> {
  const { files, folder, pathByKey } = input;
  const found: string[] = [];
  const names = await told([], () => files.list(folder, ''), found);
  const keys = new Map<string, Buffer | undefined>();
  await forEachName(
    names.filter((name) => name.endsWith(privateExtension)),
    async (name) => {
      const path = `${folder}/${name}`;
      keys.set(path, await told(undefined, () => files.read(path), found));
    },
  );
  for (const [path, bytes] of Array.from(keys).sort()) {
    if (bytes) found.push(...keyProblems(path, bytes, pathByKey));
  }
  for (const name of names.filter((one) => organisationFolder.test(one)).sort()) {
    found.push(...(await privateProblems({ ...input, folder: `${folder}/${name}` })));
  }
  return found;
}

function keyProblems(path: string, bytes: Buffer, pathByKey: Map<string, string>): string[] {
  if (bytes.length < privateBytes) return [`${path}: shorter than ${privateBytes} bytes`];
  const same = pathByKey.get(bytes.toString('latin1'));
  if (same !== undefined) return [`${path}: the same key as ${same}`];
  pathByKey.set(bytes.toString('latin1'), path);
  return [];
}

async function ownPairs(
  files: KeyFolder,
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
  const organisations = await files.list(places.views.publicFolder, '');
  const views = organisations.filter((name) => organisationFolder.test(name));
  return [
    { place: places.erasure, kind: receiptPair },
    ...views.map((name) => ({ place: viewPlace(name), kind: boxPair })),
  ];
}

async function pairProblems(files: KeyFolder, place: PairPlace, kind: PairKind): Promise<string[]> {
  const problems: string[] = [];
  const published = await told(
    [],
    () => files.list(place.publicFolder, kind.publicExtension),
    problems,
  );
  await forEachName(published.sort(), async (name) => {
    const halves = () =>
      Promise.all([
        files.read(`${place.publicFolder}/${name}${kind.publicExtension}`),
        files.read(`${place.privateFolder}/${name}${privateExtension}`),
      ]);
    const found = await told(undefined, halves, problems);
    if (!found) return;
    const [half, held] = found;
    if (!held) {
      if (!kind.publicOutlives) problems.push(orphanProblem(place, kind, name));
    } else if (held.length !== privateBytes || !half?.equals(kind.publicHalf(held))) {
      problems.push(strangerProblem(place, kind, name));
    }
  });
  return problems;
}

/** What comes of it; or `otherwise`, with what the store says is wrong among the problems. */
async function told<T>(otherwise: T, action: () => Promise<T>, problems: string[]): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof KeyStoreError)) throw error;
    problems.push(...error.problems.map((line) => line.replace('be listed', 'be read')));
    return otherwise;
  }
}
