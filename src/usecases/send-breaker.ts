import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  type IBackoff,
} from 'cockatiel';
import type { SendOutcome, SendReason } from '../transport/transport.ts';

/** Outcomes that say something of the provider or of us, and nothing of the recipient. */
const providerTroubles: ReadonlySet<SendReason> = new Set([
  'provider_credentials',
  'provider_down',
  'not_connected',
  'rate_limited',
  'sender_misconfigured',
  'timeout',
  'connection_lost',
]);

const troublesInARow = 8;

/** Keeps a provider that is down from being handed one reminder after the other. */
export interface SendBreaker {
  /** How many may be sent now: all, one to find out whether the trouble is over, or none. */
  allows(): 'all' | 'one' | 'none';
  /** How long what may not be sent now should wait. */
  waitMs(): number;
  /** Runs one send, maybe after a probe of somebody else; undefined when nothing was begun. */
  run(send: () => Promise<SendOutcome | undefined>): Promise<SendOutcome | undefined>;
}

/**
 * A breaker that opens after several troubles in a row, then lets a single send through every now
 * and then, waiting twice as long after each that fails.
 *
 * @param deps.onChange told whenever it opens or closes
 */
export function createSendBreaker({
  onChange,
  firstOpenMs = 2_000,
  longestOpenMs = 60_000,
}: {
  onChange?: (open: boolean) => void;
  firstOpenMs?: number;
  longestOpenMs?: number;
}): SendBreaker {
  const doubling = (duration: number): IBackoff<unknown> => ({
    duration,
    next: () => doubling(Math.min(duration * 2, longestOpenMs)),
  });
  const breaker = circuitBreaker(
    handleWhenResult((outcome) => isTrouble(outcome as SendOutcome | undefined)),
    {
      breaker: new ConsecutiveBreaker(troublesInARow),
      halfOpenAfter: { next: () => doubling(firstOpenMs) },
    },
  );
  let openings = 0;
  let openUntil = 0;
  breaker.onBreak(() => {
    openUntil = Date.now() + Math.min(firstOpenMs * 2 ** openings, longestOpenMs);
    openings += 1;
    onChange?.(true);
  });
  breaker.onReset(() => {
    openings = 0;
    onChange?.(false);
  });

  return {
    allows() {
      if (breaker.state === CircuitState.Closed) return 'all';
      return breaker.state === CircuitState.Open && Date.now() >= openUntil ? 'one' : 'none';
    },
    waitMs: () => Math.max(1_000, openUntil - Date.now()),
    async run(send) {
      try {
        return await breaker.execute(send);
      } catch (error) {
        if (error instanceof BrokenCircuitError) return undefined;
        throw error;
      }
    },
  };
}

function isTrouble(outcome: SendOutcome | undefined): boolean {
  return (
    outcome !== undefined && outcome.kind !== 'accepted' && providerTroubles.has(outcome.reason)
  );
}
