import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { brokenPromises } from '../simulation/broken-promises.ts';
import { faults } from '../simulation/io.ts';
import { lifeAfterFault } from '../simulation/one-life.ts';
import { runMany } from '../simulation/run-many.ts';
import { runSchedule } from '../simulation/run-schedule.ts';

/** Seeds that once broke a promise, and what was wrong. */
const onceBroken: readonly { readonly seed: number; readonly what: string }[] = [
  { seed: 1_292_691_103, what: 'a worker that is answered late ends what has time left' },
];

const fixedSeed = 1;
const drawnSeed = randomInt(2 ** 31);
/** Some seconds on two cores that do nothing else. */
const count = 800;

// Nothing lost, nothing doubled unflagged, nothing sent that was called off, books that add up, and no
// step that the table of states does not hold.
describe('whatever fails, dies or comes late', () => {
  it.each([fixedSeed, drawnSeed])(
    'every promise is kept, from seed %i on',
    async (seed) => {
      const total = await runMany({ seed, count });
      expect(total.broken).toEqual([]);
      expect(total.schedules).toBe(count);
    },
    120_000,
  );

  it('every seed that once broke a promise keeps it', async () => {
    for (const { seed, what } of onceBroken) {
      expect((await runSchedule({ seed })).breaches, `${seed}: ${what}`).toEqual([]);
    }
  });

  // Where an organisation wants what is in doubt held for a person, it may end so.
  it.each([
    { policy: 'resend', ends: /^(sent|delivered|undelivered)$/ },
    { policy: 'hold', ends: /^(sent|delivered|undelivered|failed)$/ },
  ] as const)(
    'whichever call of a reminder fails, is cut off or is the last: $policy',
    async ({ policy, ends }) => {
      const { calls } = await lifeAfterFault(policy, () => 'none');
      expect(calls).toBeGreaterThan(20);
      for (const fault of faults) {
        for (let cut = 1; cut <= calls; cut += 1) {
          const life = await lifeAfterFault(policy, (place) => (place === cut ? fault : 'none'));
          expect(life.breaches, `${fault} at call ${cut}`).toEqual([]);
          expect(life.state, `${fault} at call ${cut}`).toMatch(ends);
        }
      }
    },
  );

  it.each(brokenPromises)(
    'it is found when $name',
    async ({ statements, fromSeed: seed = fixedSeed }) => {
      const { broken } = await runMany({ seed, count: 5_000, statements, brokenMax: 1 });
      expect(broken).not.toEqual([]);
    },
    30_000,
  );
});
