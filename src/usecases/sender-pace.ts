import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../domain/channel.ts';
import type { Booking, WantedMoments } from '../store/sender-paces.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';

/** A message leaves at most so long before its moment, and so long after it. */
const earlyMs = 10;
const lateMs = 40;
/** By so much what leaves evenly may come unevenly: as above, and what networks add. */
const unevenMs = 100;
/** Codes are waited for, so they book ahead. Reminders do so little that a code hardly waits for any. */
const aheadMs = { reminders: 250, codes: 10_000 } as const;
const wantedMax = 1_000;
const restMaxMs = 500;

/** What messages of one sender wait for before they leave. */
export interface SenderPace {
  /** @returns whether one message may leave now; no, where its moment does not come in time */
  moment(input: { withinMs: number }): Promise<boolean>;
  /** Nobody's moment comes any more. */
  close(): void;
}

/**
 * How far apart messages of a sender leave, so that its provider counts no more than the rate and one in
 * any second, although they reach it unevenly.
 */
export function spacingMs(perSecond: number): number {
  return Math.max(1_000 / perSecond, (1_000 + unevenMs) / (perSecond + 1));
}

/**
 * Keeps a sender's rate, however many processes hand over for it: each message has a moment of its own,
 * booked in the database. A moment that was missed is lost, and another is booked, so that what a process
 * held up does not come all at once. First come, first served within a process; codes before reminders
 * among them. Where the database is away nothing leaves.
 *
 * @param clock milliseconds that only go forward
 */
export function createSenderPace(deps: {
  book: (wanted: WantedMoments) => Promise<Booking>;
  sender: Channel;
  perSecond: number;
  purpose: keyof typeof aheadMs;
  log: Log;
  clock?: () => number;
}): SenderPace {
  const { book, sender, log, clock = () => performance.now() } = deps;
  const everyMs = spacingMs(deps.perSecond);
  const ahead = aheadMs[deps.purpose];
  let waiting: { deadlineMs: number; settle: (mayLeave: boolean) => void }[] = [];
  let isRunning = false;
  let isClosed = false;

  function refuse(isHopeless: (deadlineMs: number) => boolean): void {
    const hopeless = waiting.filter(({ deadlineMs }) => isHopeless(deadlineMs));
    if (hopeless.length === 0) return;
    waiting = waiting.filter(({ deadlineMs }) => !isHopeless(deadlineMs));
    for (const { settle } of hopeless) settle(false);
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const askedAt = clock();
      const wanted = Math.min(waiting.length, wantedMax);
      const { count, firstInMs } = await book({ sender, wanted, everyMs, aheadMs: ahead });
      const answeredAt = clock();
      // With some room behind it, so that the next question is worth it.
      if (count === 0) await sleep(Math.min(Math.max(1, firstInMs - ahead / 2), restMaxMs));
      for (let place = 0; place < count; place += 1) {
        const inMs = firstInMs + place * everyMs;
        await until(answeredAt + inMs - earlyMs);
        if (clock() <= askedAt + inMs + lateMs) waiting.shift()?.settle(true);
      }
      refuse((deadlineMs) => deadlineMs <= clock());
    }
  }

  async function until(momentMs: number): Promise<void> {
    for (let leftMs = momentMs - clock(); leftMs > 0 && !isClosed; leftMs = momentMs - clock()) {
      await sleep(Math.min(Math.max(1, leftMs), restMaxMs));
    }
  }

  function begin(): void {
    if (isRunning) return;
    isRunning = true;
    run()
      .catch((error: unknown) => {
        log.warn('a sender’s pace could not be kept', { ...errorFacts(error), channel: sender });
        refuse(() => true);
      })
      .finally(() => {
        isRunning = false;
        if (waiting.length > 0) begin();
      });
  }

  return {
    moment: ({ withinMs }) =>
      new Promise((settle) => {
        if (isClosed) return settle(false);
        waiting.push({ deadlineMs: clock() + withinMs, settle });
        // The next turn of the loop: what comes in this one is booked together.
        setImmediate(begin);
      }),
    close() {
      isClosed = true;
      refuse(() => true);
    },
  };
}
