import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { superviseRole } from '../../src/supervisor/children.ts';
import { waitFor } from '../support/wait-for.ts';

const says = `process.send('ready'); process.send('alive'); process.on('message', () => {});`;

/** A role that says `alive` every 100 ms, until it does what is written here. */
function supervise(then: string) {
  const notes: string[] = [];
  const pids: number[] = [];
  const role = superviseRole({
    name: 'role',
    command: process.execPath,
    args: ['-e', `${says} setInterval(() => process.send('alive'), 100); ${then}`],
    env: {},
    log: { path: 'nowhere', write: () => {}, note: (line) => void notes.push(line) },
    silentAfterMs: 3_000,
    onStarted: ({ pid }) => pids.push(pid),
  });
  return { role, notes, pids };
}

it('a role that hangs, and would not even hear a signal, is killed and started again', async () => {
  const { role, notes, pids } = supervise('setTimeout(() => { for (;;); }, 300)');
  await role.ready;
  await waitFor(() => pids.length === 2);
  expect(notes[0]).toContain('gives no sign of life');
  await role.stop();
});

it('a role that has nothing to do is left alone', async () => {
  const { role, notes, pids } = supervise('');
  await role.ready;
  await wait(4_000);
  expect([notes, pids.length]).toEqual([[], 1]);
  await role.stop();
});
