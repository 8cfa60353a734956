import { type KeyFolder, privateExtension } from './key-folder.ts';
import { livingIn } from './revoked-keys.ts';

/**
 * In which order keys are used: the oldest first, but those too young, which not every process has read,
 * before them all. The last is the one to use.
 *
 * @param names the oldest first
 */
export async function inUseLast(
  files: Pick<KeyFolder, 'madeAt'>,
  {
    folder,
    names,
    ageMs,
    nowMs,
  }: { folder: string; names: readonly string[]; ageMs: number; nowMs: number },
): Promise<string[]> {
  if (names.length < 2) return [...names];
  const young = new Set<string>();
  for (const name of names) {
    const madeAt = await files.madeAt(`${folder}/${name}${privateExtension}`);
    // The clock of what holds it may be ahead of ours.
    if (madeAt && Math.max(0, nowMs - madeAt.getTime()) < ageMs) young.add(name);
  }
  // Where all are young, the first is what everybody has.
  if (young.size === names.length) young.delete(names[0] ?? '');
  const isYoung = (name: string) => young.has(name);
  return [...names.filter(isYoung), ...names.filter((name) => !isYoung(name))];
}

/** Numbers of the keys in a folder that were not revoked, the oldest first. */
export async function numbersIn(files: Pick<KeyFolder, 'list'>, folder: string): Promise<string[]> {
  return (await livingIn(files, folder, privateExtension))
    .filter((id) => /^\d+$/.test(id))
    .sort((one, other) => Number(one) - Number(other));
}
