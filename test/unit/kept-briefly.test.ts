import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { keptBriefly } from '../../src/keys/kept-briefly.ts';
import { keptViewKeys } from '../../src/keys/kept-view-keys.ts';
import { KeyStoreError } from '../../src/keys/key-store-error.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { createOptOutLinks } from '../../src/usecases/opt-out-links.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('what is kept briefly is read once for all who ask within the while, and anew after it', async () => {
  let reads = 0;
  const ask = keptBriefly(async () => ++reads, 1_000);
  expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
  vi.advanceTimersByTime(999);
  expect(await ask()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await ask()).toBe(2);
  // The end of the first while does not end the second.
  vi.advanceTimersByTime(999);
  expect(await ask()).toBe(2);
});

it('what is kept briefly is asked for again at once where it could not be read', async () => {
  let isThere = false;
  const ask = keptBriefly(async () => {
    if (isThere) return 'there';
    throw new Error('away');
  }, 1_000);
  await expect(ask()).rejects.toThrow('away');
  isThere = true;
  expect(await ask()).toBe('there');
});

it('a view key is read once a second of each organisation and month, and nobody gets another’s', async () => {
  const asked: string[] = [];
  const keys = keptViewKeys({
    async viewPrivateKey(organisationId, month) {
      asked.push(`${organisationId} ${month}`);
      return organisationId === 'gone' ? undefined : new Secret(Buffer.alloc(32, asked.length));
    },
  });
  const key = await keys.viewPrivateKey('one', '2026-12');
  expect(await keys.viewPrivateKey('one', '2026-12')).toBe(key);
  expect(await keys.viewPrivateKey('one', '2027-01')).not.toBe(key);
  expect(await keys.viewPrivateKey('two', '2026-12')).not.toBe(key);
  expect(await keys.viewPrivateKey('gone', '2026-12')).toBeUndefined();
  expect(asked).toEqual(['one 2026-12', 'one 2027-01', 'two 2026-12', 'gone 2026-12']);
  vi.advanceTimersByTime(1_000);
  await keys.viewPrivateKey('one', '2026-12');
  expect(asked).toHaveLength(5);
});

const contact = new Secret('+33639980001');
it.each([
  {
    what: 'who said stop is looked up',
    useOf: (keys: Parameters<typeof createOptOutLinks>[0]['keys']) => {
      const find = createSuppressionLookup({ database: { query: async () => [] as never }, keys });
      return () => find([{ reminderId: 'r', to: contact }]);
    },
  },
  {
    what: 'opt-out links are made',
    useOf: (keys: Parameters<typeof createOptOutLinks>[0]['keys']) => {
      const urlOf = createOptOutLinks({ keys, patientUrl: 'https://r.example' });
      return () => urlOf(contact);
    },
  },
])('$what under no key for longer than ten seconds after they are refused', async ({ useOf }) => {
  let isRefused = false;
  const symmetricKeys = async () => {
    if (isRefused) throw new KeyStoreError(['pepper: cannot be listed']);
    return [{ id: '1', key: new Secret(Buffer.alloc(32, 1)) }];
  };
  const use = useOf({ symmetricKeys });
  await use();
  isRefused = true;
  await use();
  vi.advanceTimersByTime(10_000);
  await expect(use()).rejects.toThrow(KeyStoreError);
});
