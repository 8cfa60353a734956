import { randomUUID } from 'node:crypto';
import type { Channel } from '../domain/channel.ts';
import { ordinaryFate, type TestFate, testFateOf } from '../domain/test-fates.ts';
import type { OutgoingMessage, SendOutcome, Transport } from './transport.ts';

/** What the sink says later about a message that it took. */
export interface SinkReceipt {
  readonly token: Buffer;
  readonly channel: Channel;
  readonly providerId: string;
  readonly status: 'delivered' | 'undelivered';
  readonly code?: string;
  readonly reason?: string;
}

interface OwedReceipt {
  readonly receipt: SinkReceipt;
  readonly dueAtMs: number;
  readonly tries: number;
}

const triesMax = 5;

/**
 * Takes test messages beside a live transport: they reach nobody, and go through every state.
 *
 * The last digits of the contact point choose what becomes of one (`test-fates.ts`). Of a message it
 * keeps the attempt's token and nothing else, in memory; like a provider's, receipts may come twice,
 * and what it owed is lost with the process.
 *
 * @param options.onReceipts stores receipts; when it rejects, each is told again a few times
 * @param options.delayMs from a hand-off to its receipt
 * @param options.keep takes each message as its recipient would, for the canary; all of them are then
 *   delivered, but for those that it rejects
 */
export function createSink(options: {
  onReceipts: (receipts: readonly SinkReceipt[]) => Promise<unknown>;
  delayMs?: number;
  keep?: (message: OutgoingMessage) => Promise<unknown>;
}): Transport {
  const { onReceipts, delayMs = 1_000, keep } = options;
  let owed: OwedReceipt[] = [];
  let timer: NodeJS.Timeout | undefined;
  let telling = false;
  let isClosed = false;

  function owe(more: readonly OwedReceipt[]): void {
    owed.push(...more);
    const [first] = owed;
    if (isClosed || telling || timer || !first) return;
    timer = setTimeout(tellDue, Math.max(0, first.dueAtMs - performance.now())).unref();
  }

  async function tellDue(): Promise<void> {
    timer = undefined;
    telling = true;
    const now = performance.now();
    const due = owed.filter(({ dueAtMs }) => dueAtMs <= now);
    owed = owed.filter((one) => !due.includes(one));
    const failed = (await tell(due)) ? [] : await tellAlone(due);
    telling = false;
    owe(failed);
  }

  async function tell(due: readonly OwedReceipt[]): Promise<boolean> {
    if (due.length === 0) return true;
    return onReceipts(due.map(({ receipt }) => receipt)).then(
      () => true,
      () => false,
    );
  }

  /** One that cannot be stored keeps back nothing but itself. */
  async function tellAlone(due: readonly OwedReceipt[]): Promise<OwedReceipt[]> {
    const failed: OwedReceipt[] = [];
    for (const one of due) {
      if (due.length === 1 || !(await tell([one]))) failed.push(one);
    }
    const dueAtMs = performance.now() + delayMs;
    return failed
      .map(({ receipt, tries }) => ({ receipt, tries: tries + 1, dueAtMs }))
      .filter(({ tries }) => tries < triesMax);
  }

  return {
    name: keep ? 'canary' : 'sink',
    idempotency: { kind: 'none' },
    async send(message): Promise<SendOutcome> {
      const isKept = await keep?.(message).then(
        () => true,
        () => false,
      );
      if (isKept === false) return { kind: 'refused', permanent: false, reason: 'not_connected' };
      const fate = keep ? ordinaryFate : testFateOf(message.to.reveal());
      if (fate.kind === 'refused') {
        return { kind: 'refused', permanent: true, reason: fate.reason };
      }
      const providerId = `sink-${randomUUID()}`;
      const dueAtMs = performance.now() + delayMs;
      owe(receiptsOf(fate, message, providerId).map((receipt) => ({ receipt, dueAtMs, tries: 0 })));
      return { kind: 'accepted', providerId };
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

function receiptsOf(fate: TestFate, message: OutgoingMessage, providerId: string): SinkReceipt[] {
  const { attemptToken, channel } = message;
  const base = { token: Buffer.from(attemptToken, 'base64url'), channel, providerId };
  if (fate.kind === 'undelivered') {
    const { reason, code } = fate;
    return [{ ...base, status: 'undelivered', reason, code: code[channel] }];
  }
  if (fate.kind !== 'delivered') return [];
  return Array.from({ length: fate.receipts }, () => ({ ...base, status: 'delivered' }));
}
