import type { SendOutcome, SendReason } from '../transport/transport.ts';

/** Outcomes that say something of the provider, of us or of what is between, and nothing of the recipient. */
const providerTroubles: ReadonlySet<SendReason> = new Set([
  'provider_credentials',
  'provider_down',
  'not_connected',
  'rate_limited',
  'sender_misconfigured',
  'timeout',
  'connection_lost',
  'unclear_answer',
]);

const troublesInARow = 8;
/** Of so many that were begun last, half in doubt are too many, even if some get through in between. */
const lookedBackAt = 40;
const doubtsMax = 20;
/** A provider that was down has to take so many, one after the other, before it is sent more at once. */
const provenInARow = 5;
const leastWaitMs = 1_000;

/** Keeps a provider that is down from being handed one reminder after the other. */
export interface SendBreaker {
  /** How many may be sent now: all, one to find out whether the trouble is over, or none. */
  allows(): 'all' | 'one' | 'none';
  /** How long what may not be sent now should wait: a second or more, and never longer than it stays open. */
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
 * @param deps.nowMs milliseconds that only go forward: how long it stays open is written down as when
 *   reminders are due, so no clock that is set back may make that longer
 */
export function createSendBreaker({
  onChange,
  firstOpenMs = 2_000,
  longestOpenMs = 60_000,
  nowMs = () => performance.now(),
}: {
  onChange?: (open: boolean) => void;
  firstOpenMs?: number;
  longestOpenMs?: number;
  nowMs?: () => number;
}): SendBreaker {
  const lately: boolean[] = [];
  let inARow = 0;
  /** Since it was closed last: none while it is. */
  let openings = 0;
  let openUntilMs = 0;
  let proven = 0;
  let inTheAir = 0;

  function open(): void {
    openUntilMs = nowMs() + Math.min(firstOpenMs * 2 ** openings, longestOpenMs);
    openings += 1;
    proven = 0;
    if (openings === 1) onChange?.(true);
  }

  function close(): void {
    openings = 0;
    inARow = 0;
    lately.length = 0;
    onChange?.(false);
  }

  function hear(outcome: SendOutcome, isProbe: boolean): void {
    lately.push(outcome.kind === 'uncertain');
    if (lately.length > lookedBackAt) lately.shift();
    const isTrouble = outcome.kind !== 'accepted' && providerTroubles.has(outcome.reason);
    inARow = isTrouble ? inARow + 1 : 0;
    if (isProbe) hearProbe(isTrouble);
    // What was begun before it opened, and is answered since, changes nothing.
    else if (openings === 0 && isTrouble && isTooMuch()) open();
  }

  function hearProbe(isTrouble: boolean): void {
    if (isTrouble) {
      open();
      return;
    }
    proven += 1;
    if (proven === provenInARow) close();
  }

  function isTooMuch(): boolean {
    const doubts = lately.filter((isDoubt) => isDoubt).length;
    return inARow >= troublesInARow || doubts >= doubtsMax;
  }

  function allows(): 'all' | 'one' | 'none' {
    if (openings === 0) return 'all';
    return nowMs() >= openUntilMs && inTheAir === 0 ? 'one' : 'none';
  }

  return {
    allows,
    waitMs: () => Math.max(leastWaitMs, openUntilMs - nowMs()),
    async run(send) {
      const allowed = allows();
      // Else what follows the probes would wait until these are answered, for longer than a stop may be outrun.
      if (allowed === 'none') return undefined;
      const isProbe = allowed === 'one';
      inTheAir += 1;
      try {
        const outcome = await send();
        // What was not begun says nothing of the provider.
        if (outcome) hear(outcome, isProbe);
        return outcome;
      } catch (error) {
        // Nobody knows what was sent before that.
        hear({ kind: 'uncertain', reason: 'unclear_answer' }, isProbe);
        throw error;
      } finally {
        inTheAir -= 1;
      }
    },
  };
}
