import { expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { createOutcomeRecorder } from '../../src/usecases/record-outcome.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
/** Stores all at once and leaves nothing; which rows it is asked for does not matter here. */
const database: Pick<Database, 'query' | 'transaction'> = {
  query: async () => [],
  transaction: async () => [] as never,
};
const outcome = { kind: 'uncertain', reason: 'timeout' } as const;

it('an outcome is stored whatever moment it comes at, also just as the one before it is done', async () => {
  for (let turns = 0; turns < 20; turns += 1) {
    const recorder = createOutcomeRecorder({ database, log });
    const second = recorder
      .record({ attemptId: 'first', reminderId: 'a', outcome })
      .then(async () => {
        for (let turn = 0; turn < turns; turn += 1) await null;
        // Not waited for: one that is forgotten would be waited for without end.
        void recorder.record({ attemptId: 'second', reminderId: 'b', outcome });
      });
    await second;
    await expect.poll(recorder.pending, { message: `after ${turns} turns` }).toBe(0);
  }
});

it('outcomes that come during a commit share the next, and only where many wait is there a second at once', async () => {
  const commits: { count: number; end: () => void }[] = [];
  const slow: typeof database = {
    ...database,
    async query(_text, values) {
      const [ids] = values as [string];
      await new Promise<void>((end) => commits.push({ count: ids.split(',').length, end }));
      return [];
    },
  };
  const recorder = createOutcomeRecorder({ database: slow, log });
  const record = (count: number) => {
    for (let place = 0; place < count; place += 1) {
      const attemptId = `${commits.length}-${place}`;
      void recorder.record({
        ...{ attemptId, reminderId: attemptId },
        outcome: { kind: 'accepted', providerId: attemptId },
      });
    }
  };
  record(1);
  await expect.poll(() => commits).toHaveLength(1);
  record(63);
  await new Promise((turn) => setImmediate(turn));
  await new Promise((turn) => setImmediate(turn));
  expect(commits).toHaveLength(1);
  record(1);
  await expect.poll(() => commits).toHaveLength(2);
  record(5);
  commits[1]?.end();
  commits[0]?.end();
  await expect.poll(() => commits).toHaveLength(3);
  commits[2]?.end();
  await recorder.idle();
  expect(commits.map(({ count }) => count)).toEqual([1, 64, 5]);
});
