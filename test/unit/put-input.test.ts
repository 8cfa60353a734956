import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandError } from '../../src/cli/command-error.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { openInput } from '../../src/cli/put-input.ts';

const nobody = 65_534;

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-input-'));
  await chmod(folder, 0o755);
  file = join(folder, 'visits.ndjson');
  await writeFile(file, 'a line\n');
});
afterEach(() => rm(folder, { recursive: true }));

describe('a file that is put', () => {
  const { signal } = new AbortController();

  it('is read, and its size known', async () => {
    const { totalBytes, stream, parts } = await openInput(file, signal);
    expect({ totalBytes, said: await text(parts()) }).toEqual({ totalBytes: 7, said: 'a line\n' });
    stream.destroy();
  });

  it('is told at once as none that can be read: missing, a folder, of another user', async () => {
    const told = new CommandError(`${file} is no file that can be read.`, {
      exitCode: exitCodes.failed,
    });
    await chmod(file, 0o200);
    await asNobody(() => expect(openInput(file, signal)).rejects.toThrow(told));
    await rm(file);
    await expect(openInput(file, signal)).rejects.toThrow(told);
    await expect(openInput(folder, signal)).rejects.toThrow('is no file that can be read');
  });
});

/** Root may read everything. */
async function asNobody(run: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return run();
  process.seteuid?.(nobody);
  try {
    await run();
  } finally {
    process.seteuid?.(0);
  }
}
