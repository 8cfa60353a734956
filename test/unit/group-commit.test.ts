import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGroupCommit, type Outcome } from '../../src/usecases/group-commit.ts';

interface Operation {
  readonly key: string;
  readonly number: number;
}

const hopeless = new Error('away');
const never = () => false;

/** A commit that is held until the test lets it go on, and everything it was given. */
function createHeldCommit() {
  const groups: (readonly Operation[])[] = [];
  const held: (() => void)[] = [];
  return {
    groups,
    commit: async (group: readonly Operation[]): Promise<Outcome<number>[]> => {
      groups.push(group);
      await new Promise<void>((resolve) => held.push(resolve));
      return group.map(({ number }) => ({ ok: true, value: number }));
    },
    async release() {
      await turn();
      held.shift()?.();
      await turn();
    },
  };
}

/** Long enough for a group to be gathered, and for promises to settle. */
async function turn(): Promise<void> {
  for (let step = 0; step < 3; step += 1) await new Promise((resolve) => setImmediate(resolve));
}

const keysOf = (group: readonly Operation[] | undefined) => group?.map(({ key }) => key);
const keyOf = ({ key }: Operation) => key;
const operation = (key: string, number = 0): Operation => ({ key, number });

const roomy = { waitingMax: 1_000, overflow: () => new Error('full') };

describe('a group commit', () => {
  it('gathers what comes in one turn of the loop, sorted by key whatever order it came in', async () => {
    const { groups, commit, release } = createHeldCommit();
    const submit = createGroupCommit({ ...roomy, keyOf, sizeMax: 10, commit, isHopeless: never });
    const results = Promise.all(['c', 'a', 'b'].map((key, at) => submit(operation(key, at))));
    await release();
    expect(await results).toEqual([0, 1, 2]);
    expect(groups.map(keysOf)).toEqual([['a', 'b', 'c']]);
  });

  it('gathers what comes while one is under way, and commits one at a time', async () => {
    const { groups, commit, release } = createHeldCommit();
    const submit = createGroupCommit({ ...roomy, keyOf, sizeMax: 10, commit, isHopeless: never });
    const first = submit(operation('a'));
    await turn();
    const later = Promise.all([submit(operation('c')), submit(operation('b'))]);
    await turn();
    expect(groups).toHaveLength(1);
    await release();
    await release();
    await Promise.all([first, later]);
    expect(groups.map(keysOf)).toEqual([['a'], ['b', 'c']]);
  });

  it('never holds two of one key: they follow each other in the order they came', async () => {
    const { groups, commit, release } = createHeldCommit();
    const submit = createGroupCommit({ ...roomy, keyOf, sizeMax: 10, commit, isHopeless: never });
    const all = Promise.all([
      submit(operation('a', 1)),
      submit(operation('a', 2)),
      submit(operation('b', 3)),
      submit(operation('a', 4)),
    ]);
    for (let round = 0; round < 3; round += 1) await release();
    expect(await all).toEqual([1, 2, 3, 4]);
    expect(groups.map((group) => group.map(({ number }) => number))).toEqual([[1, 3], [2], [4]]);
  });

  it('takes no more than its size, and lets nobody wait behind who came later', async () => {
    const { groups, commit, release } = createHeldCommit();
    const submit = createGroupCommit({ ...roomy, keyOf, sizeMax: 2, commit, isHopeless: never });
    const first = ['z', 'y', 'x'].map((key) => submit(operation(key)));
    await turn();
    // Keys that sort before it keep coming; `x` was here first.
    const later = ['a', 'b', 'c'].map((key) => submit(operation(key)));
    for (let round = 0; round < 3; round += 1) await release();
    await Promise.all([...first, ...later]);
    expect(groups.map(keysOf)).toEqual([
      ['y', 'z'],
      ['a', 'x'],
      ['b', 'c'],
    ]);
  });

  it('begins the next while one is confirmed, and tells nobody before; one key is never in both', async () => {
    const { groups, commit, release } = createHeldCommit();
    const confirmed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let confirms = 0;
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit,
      async confirm(outcomes) {
        await confirmed[confirms++]?.promise;
        return outcomes;
      },
      isHopeless: never,
    });
    const told: number[] = [];
    const tell = async (made: Operation) => void told.push(await submit(made));
    const all = [tell(operation('a', 1))];
    await turn();
    all.push(tell(operation('a', 2)), tell(operation('b', 3)));
    await release();
    expect(groups.map(keysOf)).toEqual([['a'], ['b']]);
    // Committed as well, and not confirmed before the one ahead of it.
    await release();
    expect([told, confirms]).toEqual([[], 1]);
    confirmed[0]?.resolve();
    await turn();
    expect([told, groups.map(keysOf)]).toEqual([[1], [['a'], ['b'], ['a']]]);
    confirmed[1]?.resolve();
    await release();
    await Promise.all(all);
    expect(told).toEqual([1, 3, 2]);
  });

  it('works again after it has been idle', async () => {
    const submit = createGroupCommit({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit: async (group) => group.map(({ number }) => ({ ok: true, value: number })),
      isHopeless: never,
    });
    expect(await submit(operation('a', 1))).toBe(1);
    await turn();
    expect(await submit(operation('a', 2))).toBe(2);
  });
});

describe('a failure', () => {
  it('of one operation is its own, told by its outcome', async () => {
    const submit = createGroupCommit({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit: async (group) =>
        group.map(({ key, number }) =>
          key === 'b' ? { ok: false, error: new Error('b is stale') } : { ok: true, value: number },
        ),
      isHopeless: never,
    });
    const results = await Promise.allSettled([submit(operation('a', 1)), submit(operation('b'))]);
    expect(results).toMatchObject([{ value: 1 }, { reason: { message: 'b is stale' } }]);
  });

  it('of the group is redone one by one, so that only the guilty fail', async () => {
    const groups: (string[] | undefined)[] = [];
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit: async (group) => {
        groups.push(keysOf(group));
        if (group.some(({ key }) => key === 'b')) throw new Error('b is locked');
        return group.map(({ number }) => ({ ok: true, value: number }));
      },
      isHopeless: never,
    });
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((key, at) => submit(operation(key, at))),
    );
    expect(results).toMatchObject([
      { value: 0 },
      { reason: { message: 'b is locked' } },
      { value: 2 },
    ]);
    expect(groups).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  });

  it('that would only repeat itself fails all at once and is not tried again', async () => {
    let commits = 0;
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit: async () => {
        commits += 1;
        throw hopeless;
      },
      isHopeless: (error) => error === hopeless,
    });
    const results = await Promise.allSettled(['a', 'b', 'c'].map((key) => submit(operation(key))));
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([
      hopeless,
      hopeless,
      hopeless,
    ]);
    expect(commits).toBe(1);
  });

  it('that would only repeat itself fails who waits behind it too, without another wait', async () => {
    const { promise: away, reject: goAway } = Promise.withResolvers<never>();
    let commits = 0;
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 1,
      commit: () => {
        commits += 1;
        return away;
      },
      isHopeless: (error) => error === hopeless,
    });
    const results = Promise.allSettled(['a', 'b', 'c'].map((key) => submit(operation(key))));
    await turn();
    goAway(hopeless);
    expect(await results).toEqual(
      ['a', 'b', 'c'].map(() => ({ status: 'rejected', reason: hopeless })),
    );
    expect(commits).toBe(1);
  });

  it('that would only repeat itself, met while redoing, ends the redoing', async () => {
    const groups: unknown[] = [];
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit: async (group) => {
        groups.push(keysOf(group));
        if (group.length > 1) throw new Error('somebody is guilty');
        if (group[0]?.key === 'b') throw hopeless;
        return group.map(({ number }) => ({ ok: true, value: number }));
      },
      isHopeless: (error) => error === hopeless,
    });
    const results = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((key, at) => submit(operation(key, at))),
    );
    expect(results).toMatchObject([
      { value: 0 },
      { reason: hopeless },
      { reason: hopeless },
      { reason: hopeless },
    ]);
    expect(groups).toEqual([['a', 'b', 'c', 'd'], ['a'], ['b']]);
  });

  it('to confirm is told to all who were committed, whose commit is not redone, and to nobody else', async () => {
    const groups: unknown[] = [];
    let confirms = 0;
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 2,
      async commit(group) {
        groups.push(keysOf(group));
        return group.map(({ number }) => ({ ok: true, value: number }));
      },
      async confirm(outcomes) {
        confirms += 1;
        if (confirms === 1) throw hopeless;
        return outcomes;
      },
      isHopeless: (error) => error === hopeless,
    });
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((key, at) => submit(operation(key, at))),
    );
    expect(results).toMatchObject([{ reason: hopeless }, { reason: hopeless }, { value: 2 }]);
    expect(groups).toEqual([['a', 'b'], ['c']]);
  });

  it('keeps nobody who came later from being committed', async () => {
    let away = true;
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit: async (group) => {
        if (away) throw hopeless;
        return group.map(({ number }) => ({ ok: true, value: number }));
      },
      isHopeless: (error) => error === hopeless,
    });
    await expect(submit(operation('a'))).rejects.toBe(hopeless);
    away = false;
    expect(await submit(operation('a', 7))).toBe(7);
  });

  it('is what an operation without an outcome gets, never silence', async () => {
    const submit = createGroupCommit<Operation, number>({
      ...roomy,
      keyOf,
      sizeMax: 10,
      commit: async () => [],
      isHopeless: never,
    });
    await expect(submit(operation('a'))).rejects.toThrow();
  });
});

describe('every operation', () => {
  it('settles as its own commit said and is committed once at most, whatever comes and fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            key: fc.constantFrom('a', 'b', 'c', 'd'),
            fails: fc.boolean(),
            waits: fc.nat(2),
          }),
          {
            minLength: 1,
            maxLength: 30,
          },
        ),
        fc.integer({ min: 1, max: 4 }),
        async (given, sizeMax) => {
          const committed: Operation[] = [];
          let underWay = 0;
          const submit = createGroupCommit<Operation, number>({
            ...roomy,
            keyOf,
            sizeMax,
            commit: async (group) => {
              underWay += 1;
              expect(underWay).toBe(1);
              expect(group.length).toBeLessThanOrEqual(sizeMax);
              expect(keysOf(group)).toEqual(Array.from(new Set(keysOf(group))).sort());
              await new Promise((resolve) => setImmediate(resolve));
              underWay -= 1;
              if (group.some(({ number }) => given[number]?.fails)) throw new Error('guilty');
              committed.push(...group);
              return group.map(({ number }) => ({ ok: true, value: number }));
            },
            isHopeless: never,
          });
          let settled = 0;
          const results: Promise<unknown>[] = [];
          for (const [number, { key, waits }] of given.entries()) {
            const count = () => {
              settled += 1;
            };
            const result = submit({ key, number });
            result.then(count, count);
            results.push(result.catch((error: Error) => error.message));
            for (let step = 0; step < waits; step += 1) await turn();
          }
          expect(await Promise.all(results)).toEqual(
            given.map(({ fails }, number) => (fails ? 'guilty' : number)),
          );
          expect(settled).toBe(given.length);
          for (const key of ['a', 'b', 'c', 'd']) {
            const order = committed.filter((one) => one.key === key).map(({ number }) => number);
            expect(order).toEqual(order.toSorted((one, other) => one - other));
          }
          expect(new Set(committed).size).toBe(committed.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses at once what comes on top of a full queue, and serves the rest', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const submit = createGroupCommit<Operation, number>({
      keyOf: ({ key }) => key,
      sizeMax: 1,
      waitingMax: 2,
      overflow: () => new Error('full'),
      async commit(group) {
        await promise;
        return group.map(() => ({ ok: true, value: 1 }));
      },
      isHopeless: () => false,
    });
    const served = [submit(operation('a')), submit(operation('b'))];
    await expect(submit(operation('c'))).rejects.toThrow('full');
    resolve();
    await expect(Promise.all(served)).resolves.toEqual([1, 1]);
  });

  it('is refused at once where it would wait too long, unless it is urgent; one group that was held up is no rule', async () => {
    const { commit, release } = createHeldCommit();
    let nowMs = 0;
    const submit = createGroupCommit<Operation, number>({
      ...{ keyOf, sizeMax: 2, waitingMax: 10, waitMaxMs: 1_000 },
      overflow: () => new Error('full'),
      clock: () => nowMs,
      isUrgent: ({ number }) => number === 9,
      commit,
      isHopeless: never,
    });
    const served = [submit(operation('a', 1))];
    await turn();
    nowMs = 999;
    served.push(submit(operation('b', 2)), submit(operation('c', 3)));
    nowMs = 1_001;
    expect(submit.isFull()).toBe(true);
    await expect(submit(operation('d'))).rejects.toThrow('full');
    served.push(submit(operation('e', 9)));
    await release();
    // The first took a second, and so may the next, for all that is known.
    expect(submit.isFull()).toBe(true);
    nowMs += 600;
    await release();
    // A full group takes so long: there is time for one that is ahead, and not for two.
    expect([submit.isFull(1), submit.isFull(2)]).toEqual([false, true]);
    nowMs += 10;
    served.push(submit(operation('f', 4)));
    await release();
    await release();
    expect(await Promise.all(served)).toEqual([1, 2, 3, 9, 4]);
    expect(submit.isFull()).toBe(false);
  });

  it('is taken again when few come, however long full groups took before', async () => {
    const { commit, release } = createHeldCommit();
    let nowMs = 0;
    const submit = createGroupCommit<Operation, number>({
      ...{ keyOf, sizeMax: 2, waitingMax: 10, waitMaxMs: 1_000 },
      ...{ overflow: () => new Error('full'), clock: () => nowMs, commit, isHopeless: never },
    });
    const slow = Promise.all([submit(operation('a')), submit(operation('z'))]);
    await turn();
    nowMs = 5_000;
    await release();
    await slow;
    const quick = submit(operation('b'));
    expect(submit.isFull()).toBe(true);
    await turn();
    nowMs += 1;
    await release();
    await quick;
    const next = submit(operation('c'));
    expect(submit.isFull()).toBe(false);
    await release();
    await next;
  });
});
