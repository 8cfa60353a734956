import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { adminUrlOf } from '../../src/cli/admin.ts';
import { takeDataDir } from '../../src/supervisor/data-dir.ts';

it('a command finds the database of an npm start that runs, and none that a power cut ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-admin-url-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = loadConfig({ DATA_DIR: folder });
  mkdirSync(join(folder, 'postgres'));
  writeFileSync(join(folder, 'postgres-password'), 'a-password');
  writeFileSync(join(folder, 'postgres', 'postmaster.pid'), '1\nfolder\n0\n6543\n');
  const running = await takeDataDir(folder);
  expect(adminUrlOf(config).reveal()).toBe(
    'postgres://postgres:a-password@127.0.0.1:6543/postgres',
  );

  running.release();
  const supervisor = { pid: process.pid, startedAt: 'before the power cut' };
  writeFileSync(join(folder, 'supervisor.json'), JSON.stringify({ supervisor, roles: {} }));
  expect(() => adminUrlOf(config)).toThrow(`No Sotto runs on ${folder}.`);
});
