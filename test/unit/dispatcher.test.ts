import { describe, expect, it } from 'vitest';
import type { Lane } from '../../src/domain/lane.ts';
import { createDispatcher } from '../../workers/dispatcher.ts';
import { silentLog } from '../support/dispatch-bench.ts';

const sms: Lane = { channel: 'sms', mode: 'live' };
const email: Lane = { channel: 'email', mode: 'live' };

function startDispatcher(input: { left: Set<string>; waiting?: readonly string[] }) {
  const dispatched: string[] = [];
  const underWay = Promise.withResolvers<void>();
  const laneOf = (batchId: string) => (batchId.startsWith('sms') ? sms : email);
  const dispatcher = createDispatcher({
    findWaiting: async () =>
      (input.waiting ?? []).map((batchId) => ({ batchId, lane: laneOf(batchId) })),
    claim: async (batchIds) => batchIds,
    keep: async () => {},
    laneOf: async (batchId) => laneOf(batchId),
    async dispatch(batchId) {
      dispatched.push(batchId);
      if (batchId === 'sms slow') await underWay.promise;
    },
    isLeft: ({ channel }) => input.left.has(channel),
    concurrency: 1,
    log: silentLog,
  });
  return { ...dispatcher, dispatched, finish: underWay.resolve };
}

describe('a lane that is left to other processes', () => {
  it('has its bells passed on, while those of other lanes are taken', async () => {
    const left = new Set(['sms']);
    const { take, dispatched } = startDispatcher({ left });
    expect(await take('sms one')).toBe('left');
    expect(await take('email one')).toBe('over');
    expect(dispatched).toEqual(['email one']);
    left.clear();
    expect(await take('sms one')).toBe('over');
    expect(dispatched).toEqual(['email one', 'sms one']);
  });

  it('has none of its batches taken that wait without a bell', async () => {
    const waiting = ['sms one', 'email one'];
    const { lookAround, idle, dispatched } = startDispatcher({ left: new Set(['sms']), waiting });
    await lookAround();
    await idle();
    expect(dispatched).toEqual(['email one']);
  });

  it('has those passed on too that waited here for room when it became so', async () => {
    const left = new Set<string>();
    const { take, finish, dispatched } = startDispatcher({ left });
    const slow = take('sms slow');
    const next = take('sms next');
    await expect.poll(() => dispatched).toEqual(['sms slow']);
    left.add('sms');
    finish();
    expect(await Promise.all([slow, next])).toEqual(['over', 'left']);
    expect(dispatched).toEqual(['sms slow']);
  });
});
