import { expect, it } from 'vitest';
import { readUsage } from '../../src/store/credential-usage.ts';
import { uuidArray } from '../../src/store/database.ts';

const id = '0192f5a0-0000-7000-8000-000000000001';
const breakout = `${id}}') or true --`;

it('ids that stand in a statement are ids and nothing else', () => {
  expect(uuidArray([id])).toBe(`'{${id}}'`);
  expect(() => uuidArray([id, breakout])).toThrow('internal');
});

it('nor does the id of a process get into one that is none', async () => {
  const read = readUsage(
    { readAs: () => Promise.reject(new Error('asked')) },
    {
      ...{ organisationIds: [id], credentialIds: [] },
      window: { processId: breakout, hourMs: 0, dayMs: 0 },
    },
  );
  await expect(read).rejects.toThrow('process');
});
