/** By so much two clocks may part in a millisecond. */
const drift = 1e-3;

/**
 * Tells of a moment of a clock elsewhere when it certainly has come here, which may be late by twice the doubt.
 * An answer bounds how far the clocks are apart, to half of what it took; the best one holds until its own doubt
 * has grown past that of a new one, or the new one shows that a clock was set.
 */
export function createFarClock() {
  let best = { apartMs: 0, doubtMs: Infinity, sinceMs: 0 };
  const doubtMsAt = (atMs: number) => best.doubtMs + (atMs - best.sinceMs) * drift;
  return {
    doubtMsAt,
    learn(
      { askedAt, answeredAt, farMs }: { askedAt: number; answeredAt: number; farMs: number },
      momentMs: number,
    ): { atMs: number; doubtMs: number } {
      const apartMs = farMs - (askedAt + answeredAt) / 2;
      const ownDoubtMs = (answeredAt - askedAt) / 2;
      const agree = Math.abs(apartMs - best.apartMs) <= ownDoubtMs + doubtMsAt(answeredAt);
      if (!agree || ownDoubtMs < doubtMsAt(answeredAt)) {
        best = { apartMs, doubtMs: ownDoubtMs, sinceMs: answeredAt };
      }
      const doubtMs = doubtMsAt(answeredAt + Math.max(0, momentMs - farMs));
      return { atMs: momentMs - best.apartMs + doubtMs, doubtMs };
    },
  };
}
