import { expect, it, vi } from 'vitest';
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
    await vi.waitFor(() => expect(recorder.pending(), `after ${turns} turns`).toBe(0), 2_000);
  }
});
