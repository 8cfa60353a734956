import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDurableLines } from '../../src/cli/durable-lines.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-lines-'));
  path = join(folder, 'lines');
});
afterEach(() => rm(folder, { recursive: true }));

async function add(line: string): Promise<string> {
  const lines = await openDurableLines(path, { isNew: false });
  await lines.append(line);
  await lines.close();
  return readFile(path, 'utf8');
}

describe('lines that are kept', () => {
  it.each([
    ['nothing', '', 'next\n'],
    ['whole lines', 'first\n', 'first\nnext\n'],
    ['half a line', 'first\nsec', 'first\nsec\nnext\n'],
  ])('are added behind %s, each a line of its own', async (_, before, after) => {
    await writeFile(path, before);
    expect(await add('next')).toBe(after);
  });

  it('are written over nothing that another writes meanwhile', async () => {
    const both = [
      await openDurableLines(path, { isNew: true }),
      await openDurableLines(path, { isNew: false }),
    ];
    for (const lines of [...both, ...both]) await lines.append('one of four');
    await Promise.all(both.map((lines) => lines.close()));
    expect(await readFile(path, 'utf8')).toBe('one of four\n'.repeat(4));
  });

  it('replace what stood there once there is one, where they are to be new', async () => {
    await writeFile(path, 'of the run before\n');
    const lines = await openDurableLines(path, { isNew: true });
    expect(await readFile(path, 'utf8')).toBe('of the run before\n');
    await lines.append('one');
    await lines.append('two');
    await lines.close();
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
  });

  it('leave everybody their devices: a pipe here, and so /dev/null', async () => {
    execFileSync('mkfifo', [path]);
    await chmod(path, 0o666);
    // Whoever opens it to write waits for a reader.
    const reader = await open(path, constants.O_RDWR);
    await expect(openDurableLines(path, { isNew: true })).rejects.toThrow('no regular file');
    expect((await reader.stat()).mode & 0o777).toBe(0o666);
    await reader.close();
  });
});
