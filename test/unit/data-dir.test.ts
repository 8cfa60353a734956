import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readRunning, takeDataDir } from '../../src/supervisor/data-dir.ts';
import { writePrivateFile } from '../../src/supervisor/private-file.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-data-dir-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it('a role that is started while nothing can be written ends no supervisor', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'data');
  const dataDir = await takeDataDir(path);
  const role = { pid: 1, startedAt: 'then' };
  dataDir.recordRole('api', role);
  expect(readRunning(path)?.roles).toEqual({ api: role });

  rmSync(path, { recursive: true });
  expect(() => dataDir.recordRole('worker', role)).not.toThrow();
  dataDir.release();
  expect(readdirSync(folder)).toEqual([]);
});

it('a private file that cannot be written leaves no part of it', () => {
  const folder = temporaryFolder();
  const inTheWay = join(folder, 'secrets.json');
  mkdirSync(inTheWay);
  expect(() => writePrivateFile(inTheWay, '{}')).toThrow('EISDIR');
  expect(readdirSync(folder)).toEqual(['secrets.json']);
});
