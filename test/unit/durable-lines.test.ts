import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDurableLines } from '../../src/cli/durable-lines.ts';

it('lines for their owner alone leave everybody their devices: a pipe here, and so /dev/null', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-lines-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  await chmod(path, 0o666);
  // Whoever opens it to write waits for a reader.
  const reader = await open(path, constants.O_RDWR);
  await expect(openDurableLines(path, { isNew: true })).rejects.toThrow('no regular file');
  expect((await reader.stat()).mode & 0o777).toBe(0o666);
  await reader.close();
  await rm(folder, { recursive: true });
});
