/** When a message came: not before the one moment, and not after the other. */
export interface Arrival {
  readonly sinceMs: number;
  readonly byMs: number;
}

/**
 * How many certainly came within one second, wherever it begins.
 *
 * @param arrivals in the order in which they came
 */
export function mostInAnySecond(arrivals: readonly Arrival[]): number {
  let first = 0;
  let most = 0;
  for (const [place, { byMs }] of arrivals.entries()) {
    while ((arrivals[first]?.sinceMs ?? byMs) <= byMs - 1_000) first += 1;
    most = Math.max(most, place - first + 1);
  }
  return most;
}

/** Watches when this process was free to see what comes: on a busy machine it sees some of it late. */
export function watchArrivals() {
  const freeAtMs = [Date.now()];
  const timer = setInterval(() => freeAtMs.push(Date.now()), 5);
  return {
    /** @param byMs when it was seen */
    arrivalAt: (byMs: number): Arrival => {
      // The last time may be from after a hold-up, with what came during it not yet seen.
      const before = freeAtMs.findLastIndex((atMs) => atMs <= byMs) - 1;
      return { sinceMs: freeAtMs[Math.max(0, before)] ?? byMs, byMs };
    },
    stop: () => clearInterval(timer),
  };
}
