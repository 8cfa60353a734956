import { describe, expect, it } from 'vitest';
import { createSignInThrottle } from '../../src/usecases/sign-in-throttle.ts';

function throttleAt(start = 0) {
  const clock = { ms: start };
  return { clock, throttle: createSignInThrottle(() => clock.ms) };
}

describe('trying passwords', () => {
  it('costs twice the wait with every further one, up to a quarter of an hour', () => {
    const { clock, throttle } = throttleAt();
    const who = { source: '192.0.2.1', name: 'ops' };
    const waits: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      throttle.note(who, 'wrong');
      waits.push(throttle.waitMs(who));
      clock.ms += throttle.waitMs(who);
    }
    expect(waits.slice(0, 8)).toEqual([0, 0, 0, 0, 30_000, 60_000, 120_000, 240_000]);
    expect(Math.max(...waits)).toBe(15 * 60_000);
  });

  it('from ever new places makes the name itself wait', () => {
    const { throttle } = throttleAt();
    for (let count = 0; count < 20; count += 1) {
      throttle.note({ source: `192.0.2.${count}`, name: 'ops' }, 'wrong');
    }
    expect(throttle.waitMs({ source: '198.51.100.1', name: 'ops' })).toBeGreaterThan(0);
    expect(throttle.waitMs({ source: '198.51.100.1', name: 'other' })).toBe(0);
  });

  it('is forgotten once the right one was given', () => {
    const { throttle } = throttleAt();
    const who = { source: '192.0.2.1', name: 'ops' };
    for (let count = 0; count < 4; count += 1) throttle.note(who, 'wrong');
    throttle.note(who, 'right');
    throttle.note(who, 'wrong');
    expect(throttle.waitMs(who)).toBe(0);
  });

  it('never checks more than two at once, and refuses when too many wait', async () => {
    const { throttle } = throttleAt();
    const ends: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const check = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((end) => ends.push(end));
      running -= 1;
      return true;
    };
    const checks = Array.from({ length: 10 }, () => throttle.inTurn(check));
    await expect(throttle.inTurn(check)).rejects.toMatchObject({ code: 'rate_limited' });
    for (let count = 0; count < 10; count += 1) {
      await Promise.resolve();
      while (ends.length === 0) await new Promise((next) => setImmediate(next));
      ends.shift()?.();
    }
    expect(await Promise.all(checks)).toHaveLength(10);
    expect(most).toBe(2);
  });
});
