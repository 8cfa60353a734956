/** How a definite refusal is tried again. */
interface RetryRule {
  readonly firstMs: number;
  /** The wait doubles up to this, with each attempt that counted as this one does. */
  readonly longestMs: number;
  /** Attempts that count; null: for as long as the reminder is of use, and none of them counts. */
  readonly attemptsMax: number | null;
}

/**
 * What is wrong with us or with the provider burns no reminder: it is tried until its deadline. The
 * breaker keeps such tries few.
 */
const untilDeadline: RetryRule = { firstMs: 15_000, longestMs: 300_000, attemptsMax: null };

const retryRules: Readonly<Record<string, RetryRule>> = {
  not_started: { firstMs: 0, longestMs: 0, attemptsMax: null },
  rate_limited: { firstMs: 5_000, longestMs: 60_000, attemptsMax: null },
  not_connected: { firstMs: 5_000, longestMs: 60_000, attemptsMax: null },
  provider_down: untilDeadline,
  provider_credentials: untilDeadline,
  sender_misconfigured: untilDeadline,
  // Something that is not the provider stands between, most likely.
  unclear_answer: untilDeadline,
};

/** Reasons that say nothing of the recipient: attempts that ended so use up none of the others, nor make them wait. */
export const uncountedReasons: readonly string[] = Object.keys(retryRules).filter(
  (reason) => retryRules[reason]?.attemptsMax === null,
);

const defaultRetryRule: RetryRule = { firstMs: 15_000, longestMs: 600_000, attemptsMax: 8 };

/** A provider must be given this long to deliver; with less left, nothing is handed over. */
export const leastValidityMs = 60_000;

/**
 * How long to wait before the next attempt.
 *
 * @param input.attempts made so far, with the one that has just been refused
 * @param input.counted those of them that did not end for one of `uncountedReasons`, and that one
 * @param input.untilNotAfterMs time left in which the message is of use
 * @param input.random in [0, 1): spreads what failed together
 * @returns undefined when there is no further attempt
 */
export function retryInMs(input: {
  reason: string;
  attempts: number;
  counted: number;
  retryAfterMs?: number | undefined;
  untilNotAfterMs: number;
  random: number;
}): number | undefined {
  const rule = retryRules[input.reason] ?? defaultRetryRule;
  if (rule.attemptsMax !== null && input.counted >= rule.attemptsMax) return undefined;
  const before = rule.attemptsMax === null ? input.attempts - input.counted : input.counted - 1;
  const doubled = rule.firstMs * 2 ** Math.min(before, 20);
  const backoffMs = Math.min(doubled, rule.longestMs) * (0.75 + input.random / 2);
  const waitMs = Math.round(Math.max(backoffMs, input.retryAfterMs ?? 0));
  return waitMs + leastValidityMs < input.untilNotAfterMs ? waitMs : undefined;
}
