import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { dispatchNull } from '../bench/dispatch-null.ts';
import { figuresOf } from '../bench/figures.ts';
import { openGround } from '../bench/ground.ts';
import { runRounds } from '../bench/run-rounds.ts';

const script = join(import.meta.dirname, '../bench/main.ts');

it('the benchmark sends each reminder once, on real processes, and gives figures side by side', async () => {
  const measurement = {
    ...dispatchNull,
    ours: dispatchNull.ours.filter(({ figure }) => figure === 'dispatch.null'),
    peers: dispatchNull.peers.filter(({ name }) => name.includes('rows')),
  };
  const ground = await openGround();
  try {
    const runs = await runRounds(ground, measurement, { count: 20, rounds: 1, tell: () => {} });
    const [figure] = figuresOf(measurement, 20, runs);
    expect(figure).toMatchObject({ name: 'dispatch.null', unit: 'reminders/s', count: 20 });
    expect(figure?.value).toBeGreaterThan(0);
    expect(figure?.peers).toMatchObject([{ name: expect.stringContaining('naive') }]);
    expect(figure?.peers[0]?.value).toBeGreaterThan(0);
  } finally {
    await ground.stop();
  }
});

it('the benchmark says what it can measure when asked for something else', async () => {
  const asked = promisify(execFile)(process.execPath, [script, '--only', 'everything']);
  const words = expect.stringContaining('dispatch.null');
  await expect(asked).rejects.toMatchObject({ code: 2, stderr: words });
});
