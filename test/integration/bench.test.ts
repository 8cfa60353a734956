import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { dispatchNull } from '../bench/dispatch-null.ts';
import { openGround } from '../bench/ground.ts';
import { runRounds, valuesOf } from '../bench/run-rounds.ts';

const script = join(import.meta.dirname, '../bench/main.ts');

it('the benchmark sends each reminder once, on real processes, and gives figures side by side', async () => {
  const contenders = dispatchNull.contenders.filter(({ name }) =>
    /queue on Redis|loop without|^pg-boss, the same rows$/.test(name),
  );
  const ground = await openGround();
  try {
    const input = { count: 20, rounds: 1, tell: () => {} };
    const runs = await runRounds(ground, { contenders }, input);
    expect(runs).toHaveLength(3);
    for (const run of runs) expect(valuesOf(run, 'reminders/s')[0]).toBeGreaterThan(0);
  } finally {
    await ground.stop();
  }
});

it('the benchmark says what it can measure when asked for something else', async () => {
  const asked = promisify(execFile)(process.execPath, [script, '--only', 'everything']);
  const words = expect.stringContaining('dispatch.null');
  await expect(asked).rejects.toMatchObject({ code: 2, stderr: words });
});
