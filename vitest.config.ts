import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Long enough for a machine that does something else too; where a moment is promised, a test says so. */
const expectInTime = { poll: { timeout: 20_000 } };
const withServers = {
  expect: expectInTime,
  globalSetup: 'test/support/global-setup.ts',
  setupFiles: 'test/support/longer-limits.ts',
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** What only Redis can do, or have done to it. */
const redisAlone = ['test/integration/queue-redis*.test.ts'];
/** What must hold whichever queue carries the bells: these run once on each. */
const onEachQueue = [
  'test/integration/queue.test.ts',
  'test/integration/queue-board.test.ts',
  'test/integration/dispatch-processes.test.ts',
  'test/chaos/cut.test.ts',
  'test/e2e/whole-path.test.ts',
  'test/integration/sealed.test.ts',
];

/** What mostly waits goes first, so that nothing is left to wait for at the end. */
const waiting = ['/test/chaos/', '/test/e2e/', '/supervision-', '/machines-valkey'];
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      waiting.some((part) => moduleId.includes(part)) ? 0 : 1;
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: WaitingFirst },
    // One more than the cores of a small machine: many tests mostly wait.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/*.test.ts'],
          // Long enough for a machine that does something else too; no promise is about it.
          testTimeout: 30_000,
          expect: expectInTime,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,e2e,chaos}/**/*.test.ts'],
          exclude: redisAlone,
          provide: { queue: 'postgres' },
          ...withServers,
        },
      },
      {
        test: {
          name: 'redis',
          include: [...onEachQueue, ...redisAlone],
          provide: { queue: 'redis' },
          ...withServers,
        },
      },
    ],
  },
});
