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
/** Of so many that were begun last, half in doubt are too many, even if some get through in between. */
const lookedBackAt = 40;
const doubtsMax = 20;
/** A provider that was down has to take so many, one after the other, before it is sent more at once. */
const provenInARow = 5;

/** Keeps a provider that is down from being handed one reminder after the other. */
export interface SendBreaker {
  /** How many may be sent now: all, one to find out whether the trouble is over, or none. */
  allows(): 'all' | 'one' | 'none';
  /** How long what may not be sent now should wait. */
  waitMs(): number;
  /** Runs one send at once, or none: undefined when nothing was begun. */
  run(send: () => Promise<SendOutcome | undefined>): Promise<SendOutcome | undefined>;
}

/**
 * A breaker that opens after several troubles in a row, or when half of what was sent lately is in
 * doubt, then lets a single send through every now and then, waiting twice as long after each that fails.
 * One that succeeds is no proof: several follow it one by one, and the first trouble among them opens it
 * again, for as long as the next would have been. So a provider that takes one message in nine is not
 * handed the other eight.
 *
 * @param deps.onChange told when it opens, and when it closes for good
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
  const inARow = new ConsecutiveBreaker(troublesInARow);
  const lately: boolean[] = [];
  const isMostlyDoubt = () => lately.filter((isDoubt) => isDoubt).length >= doubtsMax;
  const breaker = circuitBreaker(
    handleWhenResult((outcome) => isTrouble(outcome as SendOutcome | undefined)),
    {
      breaker: {
        state: undefined,
        success: () => inARow.success(),
        failure: () => inARow.failure() || isMostlyDoubt(),
      },
      halfOpenAfter: { next: () => doubling(firstOpenMs) },
      halfOpenSampling: { calls: provenInARow, threshold: 0 },
    },
  );
  let openings = 0;
  let openUntil = 0;
  let inTheAir = 0;
  breaker.onBreak(() => {
    if (openings === 0) onChange?.(true);
    openUntil = Date.now() + Math.min(firstOpenMs * 2 ** openings, longestOpenMs);
    openings += 1;
  });
  breaker.onReset(() => {
    openings = 0;
    lately.length = 0;
    onChange?.(false);
  });
  async function runNoting(send: () => Promise<SendOutcome | undefined>) {
    inTheAir += 1;
    try {
      const outcome = await send();
      if (outcome) lately.push(outcome.kind === 'uncertain');
      if (lately.length > lookedBackAt) lately.shift();
      return outcome;
    } finally {
      inTheAir -= 1;
    }
  }

  function allows(): 'all' | 'one' | 'none' {
    if (breaker.state === CircuitState.Closed) return 'all';
    const mayProbe = breaker.state === CircuitState.HalfOpen || Date.now() >= openUntil;
    return mayProbe && inTheAir === 0 ? 'one' : 'none';
  }

  return {
    allows,
    waitMs: () => Math.max(1_000, openUntil - Date.now()),
    async run(send) {
      // Else what follows the probes would wait until these are answered, for longer than a stop may be outrun.
      if (allows() === 'none') return undefined;
      try {
        return await breaker.execute(() => runNoting(send));
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
