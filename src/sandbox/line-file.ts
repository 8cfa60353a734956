import { chmodSync, closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

/**
 * A file of JSON lines that only its owner may read. Lines are in the file when `append` returns,
 * so they outlive the process, though not the power.
 *
 * @param onLine called for each line already there; one cut short by a kill is left out
 */
export function createLineFile<T>(path: string, onLine: (line: T) => void) {
  let lines = 0;
  let descriptor = openSync(path, 'a', 0o600);
  chmodSync(path, 0o600);
  const before = readFileSync(path, 'utf8');
  for (const text of before.split('\n')) {
    const line = parsed<T>(text);
    if (line === undefined) continue;
    lines += 1;
    onLine(line);
  }
  if (before !== '' && !before.endsWith('\n')) writeSync(descriptor, '\n');

  return {
    append(line: T): void {
      writeSync(descriptor, `${JSON.stringify(line)}\n`);
      lines += 1;
    },

    /** Replaces the whole file, at once for whoever reads it. */
    replace(kept: readonly T[]): void {
      const next = `${path}.next`;
      const nextDescriptor = openSync(next, 'w', 0o600);
      writeSync(nextDescriptor, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
      renameSync(next, path);
      closeSync(descriptor);
      descriptor = nextDescriptor;
      lines = kept.length;
    },

    lines: () => lines,

    close: () => closeSync(descriptor),
  };
}

function parsed<T>(text: string): T | undefined {
  try {
    return text === '' ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
