import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

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
  let characters = before.length;
  if (before !== '' && !before.endsWith('\n')) writeSync(descriptor, '\n');

  return {
    append(line: T): void {
      const text = `${JSON.stringify(line)}\n`;
      writeSync(descriptor, text);
      lines += 1;
      characters += text.length;
    },

    /** Replaces the whole file, at once for whoever reads it. */
    replace(kept: readonly T[]): void {
      const next = `${path}.next`;
      const nextDescriptor = openSync(next, 'w', 0o600);
      const text = kept.map((line) => `${JSON.stringify(line)}\n`).join('');
      writeFileSync(nextDescriptor, text);
      renameSync(next, path);
      closeSync(descriptor);
      descriptor = nextDescriptor;
      lines = kept.length;
      characters = text.length;
    },

    lines: () => lines,
    characters: () => characters,

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
