import { setTimeout as wait } from 'node:timers/promises';
import type { SendCheckAnswer } from '../usecases/describe-send-check.ts';
import { CommandError } from './command-error.ts';

const patienceMs = 40_000;
const pollMs = 250;

/**
 * Waits until a test has been asked.
 *
 * @throws {CommandError} when nobody asks it
 */
export async function untilAnswered(
  read: () => Promise<SendCheckAnswer>,
  testId: string | undefined,
): Promise<SendCheckAnswer> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const check = await read();
    if (check.test?.id === testId && check.test?.endedAt) return check;
    if (performance.now() > deadline) {
      throw new CommandError('The question was not asked: does the scheduler run?', {
        exitCode: 1,
      });
    }
    await wait(pollMs);
  }
}
