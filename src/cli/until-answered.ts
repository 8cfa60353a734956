import { setTimeout as wait } from 'node:timers/promises';
import type { ApiAnswer } from './call-api.ts';

const firstWaitMs = 250;
const longestWaitMs = 15_000;
const rateWaitMs = 5_000;

/** Requests that go through together, as they wait together when there are too many of them. */
export interface Patience {
  /** Aborted: no request is made any more, and who waits is let go. */
  readonly signal: AbortSignal;
  /** How long nothing but trouble may come back. */
  readonly patienceMs: number;
  /** How long 429 or a Retry-After is waited for at most, while nothing goes through. */
  readonly waitMaxMs: number;
  /** Told when an answer fails to come, and when one comes again. */
  readonly onTrouble?: (isTrouble: boolean) => void;
  /** Told of each wait that an answer asks for, before it begins. */
  readonly onWait?: (answer: NonNullable<ApiAnswer>, waitMs: number) => void;
  /** On the clock of `performance.now()`; 429 moves it. */
  closedUntilMs: number;
  /** When one went through last, on the same clock. */
  answeredMs?: number;
}

export type Settled = NonNullable<ApiAnswer> | 'stopped' | 'gave up';

/**
 * Repeats a request that may be repeated until it is answered for good: through 429 and 503, when
 * Retry-After says so, and through 408 and lost connections, more and more slowly.
 *
 * @returns what says to come back later, too, if that is later than may be waited for
 */
export async function untilAnswered(
  patience: Patience,
  call: () => Promise<ApiAnswer>,
): Promise<Settled> {
  const beganMs = performance.now();
  let troubleSinceMs: number | undefined;
  for (let tries = 0; ; tries += 1) {
    await pause(patience.closedUntilMs - performance.now(), patience.signal);
    if (patience.signal.aborted) return 'stopped';
    const answer = await call();
    if (answer && !isForLater(answer.status)) {
      patience.onTrouble?.(false);
      patience.answeredMs = performance.now();
      return answer;
    }
    const waitMs = waitOf(answer);
    if (answer && waitMs !== undefined) {
      const idleMs = performance.now() - Math.max(beganMs, patience.answeredMs ?? 0);
      if (idleMs + waitMs > patience.waitMaxMs) return answer;
      patience.onWait?.(answer, waitMs);
    }
    if (answer?.status === 429 && waitMs !== undefined) {
      patience.closedUntilMs = Math.max(patience.closedUntilMs, performance.now() + waitMs);
      continue;
    }
    // One appointment that is just being changed is no trouble to speak of.
    if (tries > 2) patience.onTrouble?.(true);
    troubleSinceMs ??= performance.now();
    if (performance.now() - troubleSinceMs > patience.patienceMs) return 'gave up';
    const backoffMs = Math.min(firstWaitMs * 2 ** tries, longestWaitMs) * (0.5 + Math.random() / 2);
    await pause(Math.max(backoffMs, waitMs ?? 0), patience.signal);
  }
}

/** How long an answer asks to wait; undefined: it does not say. */
function waitOf(answer: ApiAnswer): number | undefined {
  if (answer?.status !== 429) return answer?.retryAfterMs;
  return Math.max(answer.retryAfterMs ?? rateWaitMs, firstWaitMs);
}

/** Answers of the API, or of a proxy in front of it, that say nothing about the request. */
export const isForLater = (status: number) => [408, 429, 502, 503, 504].includes(status);

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await wait(ms, undefined, { signal }).catch(() => {});
}
