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
  /** Told when an answer fails to come, and when one comes again. */
  readonly onTrouble?: (isTrouble: boolean) => void;
  /** On the clock of `performance.now()`; 429 moves it. */
  closedUntilMs: number;
}

export type Settled = NonNullable<ApiAnswer> | 'stopped' | 'gave up';

/**
 * Repeats a request that may be repeated until it is answered for good: through 429 and 503, when
 * Retry-After says so, and through lost connections, more and more slowly.
 */
export async function untilAnswered(
  patience: Patience,
  call: () => Promise<ApiAnswer>,
): Promise<Settled> {
  let troubleSinceMs: number | undefined;
  for (let tries = 0; ; tries += 1) {
    await pause(patience.closedUntilMs - performance.now(), patience.signal);
    if (patience.signal.aborted) return 'stopped';
    const answer = await call();
    if (answer && !isForLater(answer.status)) {
      patience.onTrouble?.(false);
      return answer;
    }
    if (answer?.status === 429) {
      const waitMs = Math.max(answer.retryAfterMs ?? rateWaitMs, firstWaitMs);
      patience.closedUntilMs = Math.max(patience.closedUntilMs, performance.now() + waitMs);
      continue;
    }
    // One appointment that is just being changed is no trouble to speak of.
    if (tries > 2) patience.onTrouble?.(true);
    troubleSinceMs ??= performance.now();
    if (performance.now() - troubleSinceMs > patience.patienceMs) return 'gave up';
    const backoffMs = Math.min(firstWaitMs * 2 ** tries, longestWaitMs) * (0.5 + Math.random() / 2);
    await pause(Math.max(backoffMs, answer?.retryAfterMs ?? 0), patience.signal);
  }
}

/** Answers of the API, or of a proxy in front of it, that say nothing about the request. */
const isForLater = (status: number) => [429, 502, 503, 504].includes(status);

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await wait(ms, undefined, { signal }).catch(() => {});
}
