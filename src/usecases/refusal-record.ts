const perMinuteMax = 30;
const minuteMs = 60_000;

/** How many refusals that anybody can cause are written down one by one. */
export interface RefusalRecord {
  /** How many were not written before this one; undefined: nor is this one. */
  take(): number | undefined;
}

/**
 * Lets thirty a minute be written and counts the rest, which the next one tells of: whoever tries names at
 * random must not fill the audit.
 */
export function createRefusalRecord(nowMs: () => number): RefusalRecord {
  let minute = Number.NEGATIVE_INFINITY;
  let written = 0;
  let unwritten = 0;
  return {
    take() {
      const now = Math.floor(nowMs() / minuteMs);
      if (now !== minute) {
        minute = now;
        written = 0;
      }
      if (written >= perMinuteMax) {
        unwritten += 1;
        return undefined;
      }
      written += 1;
      const before = unwritten;
      unwritten = 0;
      return before;
    },
  };
}
