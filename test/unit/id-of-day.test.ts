import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { newIdOfDay } from '../../src/keys/id-of-day.ts';

const idsOf = (epochPublicKey: Buffer) =>
  Array.from({ length: 1_000 }, () => newIdOfDay(epochPublicKey));

test('ids of a day begin alike, so that what is due together stands together in every index', () => {
  const [today, tomorrow] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)];
  expect(new Set(idsOf(today).map((id) => id.slice(0, 4)))).toEqual(new Set(['0707']));
  expect(new Set(idsOf(tomorrow).map((id) => id.slice(0, 4)))).toEqual(new Set(['0909']));
});

test('what a process makes together goes on alike, and by and by in another place', () => {
  const shelves = Array.from({ length: 140 }, () => idsOf(randomBytes(32)))
    .flat()
    .map((id) => id.slice(4, 8));
  const changes = shelves.filter((shelf, place) => place > 0 && shelf !== shelves[place - 1]);
  expect(changes.length).toBeGreaterThanOrEqual(1);
  expect(changes.length).toBeLessThanOrEqual(3);
});

test('apart from that they are random UUIDs of version 8', () => {
  const ids = idsOf(randomBytes(32));
  expect(new Set(ids.map((id) => id.slice(8))).size).toBe(ids.length);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
