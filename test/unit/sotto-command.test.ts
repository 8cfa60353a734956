import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'sotto-checkout-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const name of ['bin', 'src']) mkdirSync(join(folder, name));
copyFileSync('src/cli.ts', join(folder, 'src', 'cli.ts'));

/** Types `sotto` in a checkout that is being updated: hardly anything of it is there. */
function sotto(script: string, ...words: string[]) {
  writeFileSync(join(folder, 'bin', 'sotto.mjs'), script);
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(folder, 'bin', 'sotto.mjs'), ...words],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    },
  );
  return { status, stderr };
}

const script = readFileSync('bin/sotto.mjs', 'utf8');
const onOldNode = script.replace('nodeMajor = 26', 'nodeMajor = 99');

it('no mail server loses a message while packages are installed anew', () => {
  const unready =
    'Sotto could not be started (ERR_MODULE_NOT_FOUND). Where packages are missing: npm ci.\n';
  expect(sotto(script, 'bounce')).toEqual({ status: 75, stderr: unready });
  expect(sotto(script, 'callbacks')).toEqual({ status: 1, stderr: unready });
  expect(sotto(onOldNode, 'bounce')).toMatchObject({
    ...{ status: 75, stderr: expect.stringContaining('run npm ci --include=optional') },
  });
});

it('nor where Sotto brings the Node that it runs on', () => {
  const brought = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`);
  mkdirSync(join(brought, 'bin'), { recursive: true });
  writeFileSync(join(brought, 'package.json'), '{}');
  const endsWith = (code: number) =>
    writeFileSync(join(brought, 'bin', 'node'), `#!/bin/sh\nexit ${code}\n`, { mode: 0o755 });
  endsWith(1);
  expect(sotto(onOldNode, 'bounce').status).toBe(75);
  expect(sotto(onOldNode, 'callbacks').status).toBe(1);
  endsWith(65);
  expect(sotto(onOldNode, 'bounce').status).toBe(65);
});
