import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../domain/channel.ts';
import type { Booking, WantedMoments } from '../store/sender-paces.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { createFarClock } from './far-clock.ts';

/** What leaves evenly may reach the provider unevenly by so much, or by as far as messages are apart. */
const unevenMs = 150;
const unevenMaxMs = 1_000;
/** Reminders book so little ahead that a code hardly waits for any. */
const aheadLeastMs = 250;
const aheadMostMs = 10_000;
/** Codes go first by booking further ahead: of four moments in a row, all but the one of a reminder. */
const codesAhead = 3;
const wantedMax = 1_000;
const restMaxMs = 500;
const restLeastMs = 50;
const leadMaxMs = 2_000;
/** A message's moment comes within so long after it began to be got ready, and its intent was written. */
const readyMaxMs = 800;
/** So much further than a code's moment one of a reminder may be. */
const behindMaxMs = leadMaxMs + readyMaxMs;
/** How fast it is forgotten, with each message, how long it took to get ready. */
const forgetting = 0.97;
/** Of what a message may be late, so much is left to a process that hardly knows the database's clock. */
const lateShareLeast = 0.25;
/** For so long after an answer the database's clock is not asked for alone. */
const knownForMs = 5_000;
const missesWorthTelling = 100;

interface Waiting {
  readonly deadlineMs: number;
  /** It could leave at once. */
  readonly isReady: boolean;
  readonly settle: (span: Span | undefined) => void;
}

/** When a message may leave, in this process' own milliseconds. */
interface Span {
  readonly atMs: number;
  readonly byMs: number;
}

/** When a message may leave, and since when it is got ready. */
export interface Moment extends Span {
  readonly begunMs: number;
}

/** What messages of one sender wait for before they leave. */
export interface SenderPace {
  readonly perSecond: number;
  /**
   * Books a moment and waits until it is time to get ready for it, less than a second before.
   *
   * @returns the moment; undefined where none comes in time
   */
  nearMoment(input: { withinMs: number }): Promise<Moment | undefined>;
  /**
   * Waits until a message may leave: at its moment, or at the next one where that has passed meanwhile
   * and it began less than a second ago.
   *
   * @returns the moment that has come; undefined where none did
   */
  reach(moment: Moment): Promise<Moment | undefined>;
  /** Whether it is too late for a message of this moment. */
  isMissed(moment: Moment): boolean;
  /** Nobody's moment comes any more. */
  close(): void;
}

/**
 * How far apart messages of a sender leave, so that its provider counts no more than the rate and one in
 * any second, although they reach it unevenly.
 */
export function spacingMs(perSecond: number): number {
  return Math.max(1_000 / perSecond, (1_000 + unevenMs) / (Math.floor(perSecond) + 1));
}

/** How much later than its moment a message may reach the provider: not within a second of one too many. */
export function toleranceMs(perSecond: number): number {
  const lastOneMs = (Math.floor(perSecond) + 1) * spacingMs(perSecond);
  return Math.min(lastOneMs - 1_000, unevenMaxMs);
}

/**
 * Keeps a sender's rate, however many processes hand over for it: each message has a moment of its own,
 * booked in the database. A moment that was missed is lost, and another is booked, so that what a process
 * held up does not come all at once. Codes go before reminders, which keep one moment in four. Where the
 * database is away nothing leaves. One that answers slowly is asked for moments that are as far ahead; and
 * since its clock is known the less, they are as much farther apart as they may be later.
 *
 * @param clock milliseconds that only go forward
 */
export function createSenderPace(deps: {
  book: (wanted: WantedMoments) => Promise<Booking>;
  sender: Channel;
  perSecond: number;
  purpose: WantedMoments['purpose'];
  log: Log;
  clock?: () => number;
}): SenderPace {
  const { book, sender, perSecond, purpose, log, clock = () => performance.now() } = deps;
  const everyMs = spacingMs(perSecond);
  const codesAheadMs = Math.min(codesAhead * everyMs, aheadMostMs);
  const aheadMs = purpose === 'codes' ? Math.max(codesAheadMs, aheadLeastMs) : aheadLeastMs;
  // The other half is for networks and timers.
  const lateMostMs = toleranceMs(perSecond) / 2;
  const lateLeastMs = lateMostMs * lateShareLeast;
  const closing = new AbortController();
  const isClosed = () => closing.signal.aborted;
  const databaseClock = createFarClock();
  let waiting: Waiting[] = [];
  let isRunning = false;
  let answeredAt = -Infinity;
  let leadMs = 0;
  let readyMs = 0;
  let misses = 0;
  let isAway = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      await bookOnce().catch((error: unknown) => {
        if (!isAway)
          log.warn('no moment could be booked', { ...errorFacts(error), channel: sender });
        isAway = true;
        return pause(restMaxMs);
      });
      const now = clock();
      for (const { settle } of waiting.filter(({ deadlineMs }) => deadlineMs <= now)) {
        settle(undefined);
      }
      waiting = waiting.filter(({ deadlineMs }) => deadlineMs > now);
    }
  }

  /** Moments of the database, told as they certainly have come here: late by twice the doubt at most. */
  async function ask(input: {
    wanted: number;
    apartMs: number;
    asFarMs: number;
    furtherMs?: number;
  }) {
    const askedAt = clock();
    const booking = await book({
      ...{ sender, purpose, wanted: input.wanted, everyMs: input.apartMs },
      ...{ leadMs: input.asFarMs, aheadMs: aheadMs + (input.furtherMs ?? 0) },
    });
    answeredAt = clock();
    isAway = false;
    leadMs = Math.min(Math.max(answeredAt - askedAt, leadMs / 2), leadMaxMs);
    const answer = { askedAt, answeredAt, farMs: booking.nowMs };
    const { atMs, doubtMs } = databaseClock.learn(answer, booking.firstMs);
    return { count: booking.count, firstAt: atMs, doubtMs };
  }

  const askTime = () => ask({ wanted: 0, apartMs: everyMs, asFarMs: 0 });

  /** How much later than others' messages may leave; with more than that they leave too late, and not at all. */
  function excessMs(): number {
    const neededMs = 2 * databaseClock.doubtMsAt(clock()) + lateLeastMs - lateMostMs;
    return Math.min(Math.max(0, neededMs), leadMaxMs);
  }

  async function bookOnce(): Promise<void> {
    // Of a clock that was not heard of for a while little is known; and of one whose only answer was slow.
    if (clock() - answeredAt > knownForMs) {
      await askTime();
      if (excessMs() > 0) await askTime();
    }
    // What is ready asks by itself: for a moment that is so much sooner.
    const isReady = waiting.some((one) => one.isReady);
    const group = waiting.filter((one) => one.isReady === isReady).slice(0, wantedMax);
    const asFarMs = leadMs + (isReady ? 0 : readyMs);
    // Who knows the clock less well may be later than others: so much more lies behind each of its moments.
    const moreMs = excessMs();
    const apartMs = everyMs + moreMs;
    let booking = await ask({ wanted: group.length, apartMs, asFarMs });
    const isBehind = booking.count === 0 && purpose === 'codes' && group.length > 0;
    // Reminders that take long to get ready are booked further ahead: a code goes behind them, one after the other.
    if (isBehind) booking = await ask({ wanted: 1, apartMs, asFarMs, furtherMs: behindMaxMs });
    const spans = Array.from({ length: booking.count }, (_, place): Span => {
      const atMs = booking.firstAt + place * apartMs;
      return { atMs, byMs: atMs + lateMostMs + moreMs - 2 * booking.doubtMs };
    });
    // Who waited too long for a moment leaves it to the next.
    const answered = new Set<Waiting>();
    for (const one of group) {
      const [next] = spans;
      if (!next) break;
      const isTooLate = next.atMs > one.deadlineMs;
      if (!isTooLate) spans.shift();
      one.settle(isTooLate ? undefined : next);
      answered.add(one);
    }
    waiting = waiting.filter((one) => !answered.has(one));
    if (isBehind) return pause(everyMs);
    if (booking.count > 0) return;
    // With some room behind it, so that the next question is worth it; but the turn between codes comes sooner.
    const roomInMs = booking.firstAt - clock() - asFarMs - aheadMs / 2;
    await pause(Math.min(roomInMs, Math.max(everyMs / 2, restLeastMs)));
  }

  async function pause(ms: number): Promise<void> {
    const restMs = Math.ceil(Math.min(Math.max(1, ms), restMaxMs));
    await sleep(restMs, undefined, { signal: closing.signal }).catch(() => {});
  }

  function begin(): void {
    if (isRunning) return;
    isRunning = true;
    void run().finally(() => {
      isRunning = false;
    });
  }

  function booked(deadlineMs: number, isReady = false): Promise<Span | undefined> {
    return new Promise((settle) => {
      if (isClosed()) return settle(undefined);
      waiting.push({ deadlineMs, isReady, settle });
      // The next turn of the loop: what comes in this one is booked together.
      setImmediate(begin);
    });
  }

  async function until(atMs: number): Promise<void> {
    while (clock() < atMs && !isClosed()) await pause(atMs - clock());
  }

  const isPast = ({ byMs }: Span) => clock() > byMs;

  async function isReached(span: Span): Promise<boolean> {
    await until(span.atMs);
    if (isClosed()) return false;
    const isMissed = isPast(span);
    misses = isMissed ? misses + 1 : 0;
    if (isMissed && misses % missesWorthTelling === 0) {
      log.warn('moments of a sender are missed', { channel: sender, count: misses });
    }
    return !isMissed;
  }

  return {
    perSecond,
    async nearMoment({ withinMs }) {
      const deadlineMs = clock() + withinMs;
      while (!isClosed() && clock() < deadlineMs) {
        const span = await booked(deadlineMs);
        if (!span) return undefined;
        await until(span.atMs - readyMs);
        if (!isClosed() && !isPast(span)) return { ...span, begunMs: clock() };
      }
      return undefined;
    },
    async reach({ begunMs, ...first }) {
      readyMs = Math.min(Math.max(clock() - begunMs, readyMs * forgetting), readyMaxMs);
      const deadlineMs = begunMs + readyMaxMs;
      let span: Span | undefined = first;
      while (span && !isClosed()) {
        if (await isReached(span)) return { ...span, begunMs };
        span = clock() < deadlineMs ? await booked(deadlineMs, true) : undefined;
      }
      return undefined;
    },
    isMissed: isPast,
    close() {
      closing.abort();
      for (const { settle } of waiting.splice(0)) settle(undefined);
    },
  };
}
