import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { leastValidityMs, retryInMs, uncountedReasons } from '../../config/retry.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { validitySeconds } from '../../src/domain/validity.ts';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { allowanceOf } from '../../src/usecases/feed-due-reminders.ts';
import { createSendBreaker } from '../../src/usecases/send-breaker.ts';
import { createSendSlots } from '../../src/usecases/send-slots.ts';

const dayMs = 86_400_000;

describe('the wait before another try', () => {
  it('leaves a provider enough time to deliver, or there is no other try', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('rate_limited', 'not_connected', 'provider_credentials', 'something_new'),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(40),
        fc.integer({ min: -dayMs, max: dayMs }),
        fc.option(fc.nat(dayMs), { nil: undefined }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (reason, counted, uncounted, untilNotAfterMs, retryAfterMs, random) => {
          const about = { reason, attempts: counted + uncounted, counted, untilNotAfterMs };
          const waitMs = retryInMs({ ...about, retryAfterMs, random });
          if (waitMs === undefined) return;
          expect(waitMs + leastValidityMs).toBeLessThan(untilNotAfterMs);
          expect(waitMs).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
        },
      ),
    );
  });

  it('grows, and for what is our own fault never ends before the reminder is of no use', () => {
    const waits = [1, 2, 3, 4, 20].map((attempts) =>
      retryInMs({
        ...{ reason: 'provider_credentials', attempts, counted: 1 },
        ...{ untilNotAfterMs: dayMs, random: 0.5 },
      }),
    );
    expect(waits).toEqual([15_000, 30_000, 60_000, 120_000, 300_000]);
  });

  it('does not grow with tries of the other sort: those that count, and those that do not', () => {
    const about = { untilNotAfterMs: dayMs, random: 0.5 };
    const wait = (reason: string, counted: number, uncounted: number) =>
      retryInMs({ ...about, reason, attempts: counted + uncounted, counted });
    expect([0, 1, 10].map((before) => wait('unreachable_recipient', 1, before))).toEqual([
      15_000, 15_000, 15_000,
    ]);
    expect([1, 2, 7].map((counted) => wait('unreachable_recipient', counted, 10))).toEqual([
      15_000, 30_000, 600_000,
    ]);
    expect([1, 2, 7].map((counted) => wait('rate_limited', counted, 0))).toEqual([
      5_000, 5_000, 5_000,
    ]);
  });

  it('never ends for an answer that nobody understands: it says nothing of the recipient', () => {
    const about = { reason: 'unclear_answer', untilNotAfterMs: dayMs, random: 0.5 };
    expect(uncountedReasons).toContain('unclear_answer');
    expect(retryInMs({ ...about, attempts: 40, counted: 9 })).toBe(300_000);
  });

  it('ends after eight attempts for what is nobody’s known fault', () => {
    const about = { reason: 'something_new', untilNotAfterMs: dayMs, random: 0.5 };
    expect(retryInMs({ ...about, attempts: 7, counted: 7 })).toBeDefined();
    expect(retryInMs({ ...about, attempts: 8, counted: 8 })).toBeUndefined();
    expect(retryInMs({ ...about, attempts: 30, counted: 7 })).toBeDefined();
  });
});

describe('how long a provider may try to deliver', () => {
  it('is the largest of 1, 4 and 10 hours that ends in time, else what is left', () => {
    const hours = (count: number) => count * 3_600_000;
    expect(validitySeconds(hours(48))).toBe(36_000);
    expect(validitySeconds(hours(10))).toBe(36_000);
    expect(validitySeconds(hours(10) - 1)).toBe(14_400);
    expect(validitySeconds(hours(1))).toBe(3_600);
    expect(validitySeconds(hours(1) - 1)).toBe(3_599);
    expect(validitySeconds(61_500)).toBe(61);
  });
});

describe('how many reminders are taken', () => {
  const sum = (fed: { count: number }[]) => fed.reduce((total, { count }) => total + count, 0);
  const sending = (perSecond: number, channel: Channel = 'sms') => ({
    ...{ lane: { channel, mode: 'live' as const }, perSecond },
  });
  const idle = {
    outstanding: 0,
    waiting: 0,
    waitedMs: 0,
    fedInWindow: 0,
    fedInSecond: 0,
    sinceLastBatchMs: null,
    paused: false,
    workers: 2,
    workersHeldUp: 0,
  };

  it('keeps to the sender’s rate over ten seconds, whatever the ticks', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 5_000, noNaN: true }),
        fc.array(fc.integer({ min: 5, max: 3_000 }), { minLength: 30, maxLength: 60 }),
        (perSecond, ticksMs) => {
          const windowMs = Math.max(10_000, Math.ceil(1_000 / perSecond));
          const fed: { at: number; count: number }[] = [];
          let now = 0;
          for (const tickMs of ticksMs) {
            now += tickMs;
            const recent = fed.filter(({ at }) => at > now - windowMs);
            const last = recent.at(-1);
            const count = allowanceOf(
              {
                ...idle,
                workers: 100,
                fedInWindow: sum(recent),
                fedInSecond: sum(fed.filter(({ at }) => at > now - 950)),
                sinceLastBatchMs: last ? now - last.at : null,
              },
              sending(perSecond),
            );
            if (count > 0) fed.push({ at: now, count });
            const inWindow = sum(fed.filter(({ at }) => at > now - windowMs));
            expect(inWindow).toBeLessThanOrEqual((perSecond * windowMs) / 1_000);
            const inSecond = sum(fed.filter(({ at }) => at > now - 950));
            expect(inSecond).toBeLessThanOrEqual(Math.ceil(perSecond * 2));
          }
        },
      ),
    );
  });

  it('reaches the sender’s rate when there is a backlog', () => {
    for (const perSecond of [1.5, 10, 100]) {
      let fedInWindow = 0;
      for (let tick = 0; tick < 10; tick += 1) {
        fedInWindow += allowanceOf(
          { ...idle, fedInWindow, sinceLastBatchMs: 1_000 },
          sending(perSecond),
        );
      }
      expect(fedInWindow).toBe(perSecond * 10);
    }
  });

  it('is nothing while sending is paused, or while no worker is there', () => {
    expect(allowanceOf({ ...idle, paused: true }, sending(100))).toBe(0);
    expect(allowanceOf({ ...idle, workers: 0 }, sending(100))).toBe(0);
    expect(allowanceOf(idle, sending(100))).toBe(100);
  });

  it('is what workers have room for', () => {
    expect(allowanceOf({ ...idle, outstanding: 1_990 }, sending(10_000))).toBe(10);
    expect(allowanceOf({ ...idle, outstanding: 2_500 }, sending(10_000))).toBe(0);
    // One that finds the provider down has none.
    expect(allowanceOf({ ...idle, outstanding: 990, workersHeldUp: 1 }, sending(10_000))).toBe(10);
    // Two that have sent a thousand each within the window have room for a thousand more each.
    const quick = { ...idle, outstanding: 2_500, fedInWindow: 4_500, fedInSecond: 1_000 };
    expect(allowanceOf(quick, sending(10_000))).toBe(1_500);
    expect(allowanceOf({ ...quick, fedInWindow: 4_499 }, sending(10_000))).toBe(0);
  });

  it('is what they take up within two seconds', () => {
    const waits = { ...idle, outstanding: 600, waiting: 600, waitedMs: 1_000 };
    const atSpeed = (sentPerSecond: number, channel?: Channel) =>
      allowanceOf({ ...waits, fedInWindow: 600 + sentPerSecond * 10 }, sending(10_000, channel));
    expect([0, 250, 300, 400, 500].map((speed) => atSpeed(speed))).toEqual([0, 0, 0, 200, 400]);
    const slow = { ...waits, outstanding: 20, waiting: 20, fedInWindow: 20 };
    expect(allowanceOf(slow, sending(10_000))).toBe(2 * 64 - 20);
    expect(allowanceOf(slow, sending(10_000, 'email'))).toBe(2 * 16 - 20);
    // What is in the air waits for nobody, and one that nobody knows anything of is thought to be quick.
    expect(allowanceOf({ ...slow, waiting: 0, waitedMs: 0 }, sending(10_000))).toBe(2 * 640);
    // What was sent within the last second counts at once.
    const begun = { ...waits, waiting: 100, fedInWindow: 600, fedInSecond: 600 };
    expect(allowanceOf(begun, sending(10_000))).toBe(2 * 500 - 100);
    // Nor does more wait than the sender may send.
    expect(allowanceOf({ ...idle, waiting: 4 }, sending(3))).toBe(2);
  });

  it('is one at a time, seldom, while every worker finds the provider down', () => {
    const down = { ...idle, workersHeldUp: 2 };
    expect(allowanceOf({ ...down, sinceLastBatchMs: 1_000 }, sending(100))).toBe(0);
    expect(allowanceOf({ ...down, sinceLastBatchMs: 6_000 }, sending(100))).toBe(1);
    expect(allowanceOf({ ...down, workersHeldUp: 1 }, sending(100))).toBe(100);
  });
});

describe('slots', () => {
  const fine: SendOutcome = { kind: 'accepted', providerId: 'SM1' };
  const busy: SendOutcome = { kind: 'refused', permanent: false, reason: 'rate_limited' };

  it('are never more than there are sockets, and everyone gets some', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom(fine, busy),
        fc.integer({ min: 0, max: 200 }),
        async (socketsMax, wishes, outcome, aheadMax) => {
          const slots = createSendSlots(socketsMax, { aheadMax });
          const most = { sending: 0, taken: 0 };
          const now = { sending: 0, taken: 0 };
          const more = (what: 'sending' | 'taken', count: number) => {
            now[what] += count;
            most[what] = Math.max(most[what], now[what]);
          };
          async function send() {
            more('sending', 1);
            await Promise.resolve();
            now.sending -= 1;
            now.taken -= 1;
            return outcome;
          }
          await Promise.all(
            wishes.map(async (wish) => {
              const taken = await slots.take(wish);
              expect(taken).toBeGreaterThan(0);
              expect(taken).toBeLessThanOrEqual(wish);
              more('taken', taken);
              await Promise.all(Array.from({ length: taken }, () => slots.through(send)));
            }),
          );
          expect(most.sending).toBeLessThanOrEqual(socketsMax);
          const ahead = outcome.kind === 'accepted' ? aheadMax : 0;
          expect(most.taken).toBeLessThanOrEqual(socketsMax + ahead);
          expect(now).toEqual({ sending: 0, taken: 0 });
        },
      ),
    );
  });

  it('are as many more than sockets as a provider took in the last 50 ms, and no more than that', async () => {
    let now = 0;
    const slots = createSendSlots(8, { nowMs: () => now });
    async function handOver(count: number, outcome: SendOutcome) {
      const taken = await slots.take(count);
      await Promise.all(Array.from({ length: taken }, () => slots.through(async () => outcome)));
    }
    async function countPlaces() {
      const taken = await slots.take(1_000);
      slots.give(taken);
      return taken;
    }
    expect(await countPlaces()).toBe(8);
    await handOver(8, busy);
    expect(await countPlaces()).toBe(8);
    await handOver(5, fine);
    expect(await countPlaces()).toBe(8 + 5);
    now += 30;
    await handOver(2, fine);
    now += 30;
    expect(await countPlaces()).toBe(8 + 2);
    for (let round = 0; round < 20; round += 1) await handOver(8, fine);
    expect(await countPlaces()).toBe(8 + 8);
    now += 50;
    expect(await countPlaces()).toBe(8);
  });

  it('are taken together, as long as enough wait that no socket stands idle', async () => {
    const slots = createSendSlots(4, { aheadMax: 40, nowMs: () => 0 });
    for (let sent = 0; sent < 40; sent += 1) {
      await slots.take(1);
      await slots.through(async () => fine);
    }
    expect(await slots.take(30)).toBe(30);
    expect(await slots.take(8)).toBe(8);
    let taken: number | undefined;
    const next = slots.take(100).then((count) => {
      taken = count;
    });
    // Of 44 places 6 are free, and less than a quarter is worth no commit.
    slots.give(4);
    await Promise.resolve();
    expect(taken).toBeUndefined();
    slots.give(1);
    await next;
    expect(taken).toBe(11);
  });

  it('are no more than sockets for a provider that takes longer than anybody waits for one', async () => {
    for (const [tookMs, ahead] of [
      [249, 1],
      [250, 0],
    ] as const) {
      let now = 0;
      const slots = createSendSlots(8, { nowMs: () => now });
      await slots.take(1);
      await slots.through(async () => {
        now += tookMs;
        return fine;
      });
      expect(await slots.take(1_000)).toBe(8 + ahead);
    }
  });

  it('are waited for no longer than a quarter of a second: whoever gets none has not begun', async () => {
    vi.useFakeTimers();
    try {
      const slots = createSendSlots(1);
      const answer = Promise.withResolvers<SendOutcome>();
      const first = slots.through(() => answer.promise);
      let begun = 0;
      const send = async () => {
        begun += 1;
        return fine;
      };
      const late = slots.through(send);
      await vi.advanceTimersByTimeAsync(200);
      const inTime = slots.through(send);
      await vi.advanceTimersByTimeAsync(50);
      expect(await late).toBeUndefined();
      answer.resolve(fine);
      expect(await first).toEqual(fine);
      expect(await inTime).toEqual(fine);
      expect(begun).toBe(1);
      expect(await slots.through(send)).toEqual(fine);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the breaker', () => {
  const down: SendOutcome = { kind: 'refused', permanent: false, reason: 'not_connected' };
  const fine: SendOutcome = { kind: 'accepted', providerId: 'SM1' };
  const unclear: SendOutcome = { kind: 'uncertain', reason: 'unclear_answer' };
  const badBanner: SendOutcome = { kind: 'refused', permanent: false, reason: 'unclear_answer' };

  /** A breaker that goes by a clock of the test's. */
  function breakerOnClock(options: Parameters<typeof createSendBreaker>[0] = {}) {
    const clock = { nowMs: 0 };
    return { clock, breaker: createSendBreaker({ nowMs: () => clock.nowMs, ...options }) };
  }

  async function runEach(
    breaker: ReturnType<typeof createSendBreaker>,
    outcomes: readonly SendOutcome[],
  ): Promise<void> {
    for (const outcome of outcomes) await breaker.run(async () => outcome);
  }
  const trip = (breaker: ReturnType<typeof createSendBreaker>, outcome: SendOutcome) =>
    runEach(breaker, Array<SendOutcome>(8).fill(outcome));

  it('opens after troubles of the provider’s, and begins nothing while it is open', async () => {
    const breaker = createSendBreaker({});
    await trip(breaker, down);
    expect(breaker.allows()).toBe('none');
    let begun = false;
    const outcome = await breaker.run(async () => {
      begun = true;
      return fine;
    });
    expect([outcome, begun]).toEqual([undefined, false]);
  });

  it('begins nothing, and lets nobody wait, while one is on its way to find out', async () => {
    const { breaker, clock } = breakerOnClock();
    await trip(breaker, down);
    clock.nowMs += 2_000;
    expect(breaker.allows()).toBe('one');
    const answer = Promise.withResolvers<SendOutcome>();
    const probe = breaker.run(() => answer.promise);
    let begun = 0;
    const others = Array.from({ length: 8 }, () =>
      breaker.run(async () => {
        begun += 1;
        return fine;
      }),
    );
    expect(await Promise.all(others)).toEqual(Array(8).fill(undefined));
    answer.resolve(fine);
    expect(await probe).toEqual(fine);
    expect([breaker.allows(), begun]).toEqual(['one', 0]);
  });

  it('stays closed over refusals that are about recipients', async () => {
    const breaker = createSendBreaker({});
    for (const reason of ['invalid_recipient', 'opted_out', 'provider_refused'] as const) {
      await trip(breaker, { kind: 'refused', permanent: true, reason });
    }
    expect(breaker.allows()).toBe('all');
  });

  it('lets one through after a while, closes when five in a row are accepted, and tells of it', async () => {
    const changes: boolean[] = [];
    const { breaker, clock } = breakerOnClock({ onChange: (open) => changes.push(open) });
    await trip(breaker, down);
    for (const openMs of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      clock.nowMs += openMs - 1;
      expect(breaker.allows()).toBe('none');
      clock.nowMs += 1;
      expect(breaker.allows()).toBe('one');
      expect(await breaker.run(async () => down)).toEqual(down);
    }
    clock.nowMs += 60_000;
    for (let proven = 0; proven < 5; proven += 1) {
      expect(breaker.allows()).toBe('one');
      expect(await breaker.run(async () => fine)).toEqual(fine);
    }
    expect(breaker.allows()).toBe('all');
    expect(changes).toEqual([true, false]);
  });

  it('opens over answers that nobody understands: eight in a row, or half of the last forty', async () => {
    for (const answer of [unclear, badBanner]) {
      const breaker = createSendBreaker({});
      await trip(breaker, answer);
      expect(breaker.allows()).toBe('none');
    }
    const breaker = createSendBreaker({});
    const taken = Array.from({ length: 39 }, (_, sent) => (sent % 2 === 0 ? unclear : fine));
    await runEach(breaker, taken.slice(0, 38));
    expect(breaker.allows()).toBe('all');
    await runEach(breaker, taken.slice(38));
    expect(breaker.allows()).toBe('none');
  });

  it('stays closed over an odd answer now and then', async () => {
    const breaker = createSendBreaker({});
    const mostlyFine = Array.from({ length: 200 }, (_, sent) => (sent % 5 === 0 ? unclear : fine));
    await runEach(breaker, mostlyFine);
    expect(breaker.allows()).toBe('all');
  });

  it('is not closed by what proves nothing: an answer nobody understands, or a send not begun', async () => {
    const { breaker, clock } = breakerOnClock();
    await trip(breaker, down);
    clock.nowMs += 2_000;
    for (const proof of [unclear, badBanner]) {
      await runEach(breaker, [fine, fine, fine, fine, proof]);
      expect(breaker.allows()).toBe('none');
      clock.nowMs += 60_000;
    }
    await runEach(breaker, [fine, fine, fine, fine]);
    await expect(breaker.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(breaker.allows()).toBe('none');
    clock.nowMs += 60_000;
    for (let unbegun = 0; unbegun < 5; unbegun += 1) await breaker.run(async () => undefined);
    expect(breaker.allows()).toBe('one');
  });

  it('hears of nothing that was begun before it opened', async () => {
    const { breaker, clock } = breakerOnClock();
    const late = Array.from({ length: 6 }, () => Promise.withResolvers<SendOutcome>());
    const answers = late.map(({ promise }) => breaker.run(() => promise));
    await trip(breaker, down);
    clock.nowMs += 2_000;
    for (const { resolve } of late) resolve(fine);
    await Promise.all(answers);
    expect(breaker.allows()).toBe('one');
  });

  it('stays open no longer than it meant to when the machine’s clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const breaker = createSendBreaker({ firstOpenMs: 50 });
      await trip(breaker, down);
      vi.setSystemTime(Date.now() - 2 * 3_600_000);
      expect(breaker.waitMs()).toBe(1_000);
      await expect.poll(() => breaker.allows()).toBe('one');
    } finally {
      vi.useRealTimers();
    }
  });
});
