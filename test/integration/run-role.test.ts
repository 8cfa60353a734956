import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { timeOf } from '../support/time-of.ts';

const runRole = new URL('../../src/cli/run-role.ts', import.meta.url).href;

/** A role that is told to end; its body is that of `close`. */
async function endOf(close: string): Promise<{ code: unknown; tookMs: number }> {
  const program = `import { runRole } from '${runRole}';
    process.exitCode = await runRole(async () => {
      setInterval(() => {}, 60_000);
      console.log('runs');
      return { async close() { ${close} } };
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  let code: unknown;
  const { movingMs } = await timeOf(async () => {
    child.kill('SIGTERM');
    [code] = await once(child, 'exit');
  });
  return { code, tookMs: movingMs };
}

it('a role that has done all it had to ends well, whatever a library still holds open', async () => {
  const { code, tookMs } = await endOf('');
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5_000);
});

it('a role that cannot finish ends all the same, and says so', async () => {
  const { code, tookMs } = await endOf('await new Promise(() => {});');
  expect(code).toBe(1);
  expect(tookMs).toBeLessThan(10_000);
});
