import { describe, expect, it } from 'vitest';
import { createBatchedLookup } from '../../src/store/batched-lookup.ts';

describe('a batched lookup', () => {
  it('asks once for all that come together, and once more for all that come meanwhile', async () => {
    const asked: string[][] = [];
    const blocked = Promise.withResolvers<void>();
    const find = createBatchedLookup(async (keys) => {
      asked.push([...keys]);
      if (asked.length === 1) await blocked.promise;
      return new Map(keys.filter((key) => key !== 'missing').map((key) => [key, key.length]));
    });
    const first = Promise.all([find('a'), find('bb'), find('a'), find('missing')]);
    await expect.poll(() => asked.length).toBe(1);
    const second = Promise.all([find('ccc'), find('a')]);
    blocked.resolve();
    expect(await first).toEqual([1, 2, 1, undefined]);
    expect(await second).toEqual([3, 1]);
    expect(asked).toEqual([
      ['a', 'bb', 'missing'],
      ['ccc', 'a'],
    ]);
  });

  it('asks no more often than each few milliseconds, however many come one after the other', async () => {
    const askedAt: number[] = [];
    const find = createBatchedLookup(async (keys) => {
      askedAt.push(performance.now());
      return new Map(keys.map((key) => [key, key]));
    });
    const found = [];
    for (let number = 0; number < 20; number += 1) {
      found.push(find(String(number)));
      await new Promise(setImmediate);
    }
    expect(await Promise.all(found)).toHaveLength(20);
    for (const [place, at] of askedAt.entries()) {
      if (place > 0) expect(at - (askedAt[place - 1] ?? 0)).toBeGreaterThanOrEqual(3);
    }
  });

  it('remembers nothing: asked again, it looks again', async () => {
    let value = 1;
    const find = createBatchedLookup(async (keys) => new Map(keys.map((key) => [key, value])));
    expect(await find('a')).toBe(1);
    value = 2;
    expect(await find('a')).toBe(2);
  });

  it('fails those of one batch alone, and works again after', async () => {
    let isAway = true;
    const find = createBatchedLookup(async (keys) => {
      if (isAway) throw new Error('away');
      return new Map(keys.map((key) => [key, key]));
    });
    const results = await Promise.allSettled([find('a'), find('b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isAway = false;
    expect(await find('a')).toBe('a');
  });
});
