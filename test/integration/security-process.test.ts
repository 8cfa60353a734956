import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const canary = 'Marie Dupont';
/** Stands for a fault that nobody foresaw: once the role runs, a callback throws as a driver would. */
const fault = `data:text/javascript,const write = process.stdout.write;
process.stdout.write = function (...said) {
  setImmediate(() => {
    throw Object.assign(new Error('${canary}'), { code: '23505', detail: '${canary}' });
  });
  return write.apply(this, said);
};`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-process-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('a role that dies of what nobody caught names a code and nobody, and leaves nothing that others may change', async () => {
  const dataDir = join(folder, 'deep', 'data');
  // The shell sets the mask, as a careless service file would.
  const child = spawn(
    '/bin/sh',
    ['-c', 'umask 000; exec "$@"', 'sh', process.execPath, '--import', fault, cli, 'sandbox'],
    {
      env: {
        DATA_DIR: dataDir,
        SANDBOX_PORT: String(await freePort()),
        SANDBOX_SMTP_PORT: String(await freePort()),
        TWILIO_ACCOUNT_SID: `ACsandbox${'0'.repeat(25)}`,
        TWILIO_AUTH_TOKEN: 'of the sandbox',
      },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const [status] = await once(child, 'close');
  expect(status).toBe(1);
  expect(said).toContain('mailbox at');
  expect(said).not.toContain(canary);
  expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).toMatchObject({ code: '23505' });

  const made = await readdir(folder, { recursive: true });
  expect(made).toContain(join('deep', 'data', 'sandbox'));
  for (const path of made) {
    const { mode } = await stat(join(folder, path));
    expect((mode & 0o022).toString(8), path).toBe('0');
  }
});
