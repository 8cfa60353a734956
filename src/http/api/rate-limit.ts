/** What is left of a caller's minute, and how long it still lasts. */
export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetS: number;
}

const windowMs = 60_000;
/** Above this many callers, those whose minute is over are forgotten. */
const callersKept = 10_000;

/**
 * Counts requests of each caller in minutes that begin with their first request.
 *
 * The count is this process's own: with several API processes a caller may reach the ceiling in
 * each. It protects the service from a loop gone wild; it is no bill.
 *
 * @param nowMs a clock that never goes back
 */
export function createRateLimiter(
  nowMs: () => number,
): (caller: string, perMinute: number) => Allowance {
  const windows = new Map<string, { endsAtMs: number; count: number }>();

  return (caller, perMinute) => {
    const now = nowMs();
    if (windows.size > callersKept) {
      for (const [key, { endsAtMs }] of windows) if (endsAtMs <= now) windows.delete(key);
    }
    let window = windows.get(caller);
    if (!window || window.endsAtMs <= now) {
      window = { endsAtMs: now + windowMs, count: 0 };
      windows.set(caller, window);
    }
    window.count += 1;
    return {
      allowed: window.count <= perMinute,
      limit: perMinute,
      remaining: Math.max(0, perMinute - window.count),
      resetS: Math.ceil((window.endsAtMs - now) / 1_000),
    };
  };
}

/** @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
export function rateLimitHeaders({ limit, remaining, resetS }: Allowance): Record<string, string> {
  return {
    'ratelimit-policy': `"credential";q=${limit};w=${windowMs / 1_000}`,
    ratelimit: `"credential";r=${remaining};t=${resetS}`,
  };
}
