import { expect, it } from 'vitest';
import { uuidArray } from '../../src/store/database.ts';

const id = '0192f5a0-0000-7000-8000-000000000001';
const breakout = `${id}}') or true --`;

it('ids of organisations are ids and nothing else', () => {
  expect(uuidArray([id])).toBe(`{${id}}`);
  expect(() => uuidArray([id, breakout])).toThrow('internal');
});
