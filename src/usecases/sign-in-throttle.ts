import { AppError } from '../domain/errors.ts';

/** Wrong passwords that are let pass before the next try has to wait. */
const freeOfSource = 5;
/** A name may be mistyped at several desks; past this, somebody tries it from many places. */
const freeOfName = 20;
const firstPauseMs = 30_000;
const longestPauseMs = 15 * 60_000;
const rememberedMax = 10_000;
/** Checking a password takes memory and time on purpose; more at once would take the pages' own. */
const checksAtOnceMax = 2;
const checksWaitingMax = 8;

interface Failures {
  readonly count: number;
  readonly pausedUntilMs: number;
}

/** Slows down whoever tries passwords. */
export interface SignInThrottle {
  /** How long this source, or this name, must wait before another try; 0: not at all. */
  waitMs(who: { source: string; name: string }): number;
  note(who: { source: string; name: string }, outcome: 'right' | 'wrong'): void;
  /**
   * Runs a check in turn.
   *
   * @throws {AppError} `rate_limited` when too many wait already
   */
  inTurn<T>(check: () => Promise<T>): Promise<T>;
}

/**
 * Remembers wrong passwords in this process's memory, by where they came from and by the name that
 * was tried, and makes each further one wait twice as long. Nobody is locked out for good: whoever
 * knows the password and comes from elsewhere gets in unless the name itself is under attack, and
 * then after minutes.
 */
export function createSignInThrottle(nowMs: () => number): SignInThrottle {
  const failures = new Map<string, Failures>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const keysOf = ({ source, name }: { source: string; name: string }) =>
    [
      [`source ${source}`, freeOfSource],
      [`name ${name}`, freeOfName],
    ] as const;

  function noteWrong(key: string, free: number): void {
    const count = (failures.get(key)?.count ?? 0) + 1;
    const pauseMs = count < free ? 0 : Math.min(firstPauseMs * 2 ** (count - free), longestPauseMs);
    failures.delete(key);
    failures.set(key, { count, pausedUntilMs: nowMs() + pauseMs });
    // Insertion order is age: who was quiet for longest is forgotten first.
    const [oldest] = failures.size > rememberedMax ? failures.keys() : [];
    if (oldest !== undefined) failures.delete(oldest);
  }

  return {
    waitMs(who) {
      const until = keysOf(who).map(([key]) => failures.get(key)?.pausedUntilMs ?? 0);
      return Math.max(0, Math.max(...until) - nowMs());
    },
    note(who, outcome) {
      for (const [key, free] of keysOf(who)) {
        if (outcome === 'wrong') noteWrong(key, free);
        else failures.delete(key);
      }
    },
    async inTurn(check) {
      if (running >= checksAtOnceMax) {
        if (waiting.length >= checksWaitingMax)
          throw new AppError('rate_limited', { retryAfterS: 2 });
        await new Promise<void>((next) => waiting.push(next));
      } else running += 1;
      try {
        return await check();
      } finally {
        // Whoever is next takes over the place.
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
