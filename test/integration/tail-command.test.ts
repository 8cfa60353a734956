import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { compiledOnce } from '../support/compiled-once.ts';
import { runCommand, spawnCommand } from '../support/run-command.ts';

const event = { id: 'e', type: 'appointment.accepted', at: '2026-11-28T10:00:00Z' };
const fullPage = { events: Array(limits.pageSizeMax).fill(event), next: 'cursor-1' };
const goOn = 'To go on from here: sotto tail --since cursor-1\n';

/** What is answered to whoever asks for what comes after the first page. */
let answerNext: () => { status: number; body: object };
let env: Record<string, string>;
const server = createServer((request, response) => {
  const isNext = request.url?.includes('after=cursor-1');
  const { status, body } = isNext ? answerNext() : { status: 200, body: fullPage };
  response.writeHead(status).end(JSON.stringify(body));
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  env = { SOTTO_KEY: 'sotto_test_x', API_URL: `http://127.0.0.1:${port}` };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it('whoever follows events to a full disk is told that some are missing', async () => {
  answerNext = () => ({ status: 200, body: { events: [], next: null } });
  const script = 'exec "$0" src/cli.ts tail --since start --once --json > /dev/full';
  const run = promisify(execFile)('sh', ['-c', script, process.execPath], {
    env: { PATH: process.env.PATH, ...compiledOnce, ...env },
  });
  const message = 'Not all of the answer could be written (ENOSPC).\n';
  await expect(run).rejects.toMatchObject({ code: 1, stderr: message });
});

it('whoever follows events learns where to go on when the API refuses to say more', async () => {
  answerNext = () => ({ status: 500, body: { code: 'internal' } });
  expect(await runCommand(['tail', '--since', 'start'], { env })).toMatchObject({
    code: 1,
    errors: `Following. Ctrl+C ends.\n${goOn}The API refuses: internal (500).\n`,
  });
});

it('half of the events are not taken for all of them, when a signal comes in the middle', async () => {
  const tail = spawnCommand(['tail', '--since', 'start', '--once'], { env });
  answerNext = () => {
    tail.kill('SIGTERM');
    return { status: 503, body: {} };
  };
  tail.stdout.resume();
  const [errors, [code]] = await Promise.all([text(tail.stderr), once(tail, 'exit')]);
  expect(errors).toContain(goOn);
  expect(code).toBe(130);
});
