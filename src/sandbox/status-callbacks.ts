import twilio from 'twilio';
import type { Secret } from '../domain/secret.ts';
import type { SmsFaults } from './faults.ts';
import { type Fate, fateOf } from './magic-numbers.ts';
import type { AcceptedMessage, MessageStore } from './message-store.ts';

const lateMs = 30_000;
const answerTimeoutMs = 5_000;
/** Waits before each further try while the receiver is away. */
const retryDelaysMs = [500, 2_000, 5_000, 15_000];

type Word = 'sent' | 'delivered' | 'undelivered';
interface Receipt {
  readonly word: Word;
  readonly afterMs: number;
  readonly forged?: true;
}

/**
 * What is posted for one message, and when. Pure, so that each way to misbehave can be read off.
 *
 * @param stepMs between acceptance, `sent` and the end
 */
export function planReceipts(
  mode: SmsFaults['receipts'],
  fate: Fate | undefined,
  stepMs: number,
): readonly Receipt[] {
  const end: Word = fate?.kind === 'undelivered' ? 'undelivered' : 'delivered';
  const sent: Receipt = { word: 'sent', afterMs: stepMs };
  const last: Receipt = { word: end, afterMs: 2 * stepMs };
  if (fate?.kind === 'no_receipt') return [];
  if (fate?.kind === 'doubled_receipts') return [sent, sent, last, last];
  switch (mode) {
    case 'ok':
      return [sent, last];
    case 'lost':
      return [];
    case 'late':
      return [sent, last].map((receipt) => ({ ...receipt, afterMs: receipt.afterMs + lateMs }));
    case 'doubled':
      return [sent, sent, last, last];
    case 'reordered':
      return [
        { word: end, afterMs: stepMs },
        { word: 'sent', afterMs: 2 * stepMs },
      ];
    case 'forged':
      return [{ word: 'undelivered', afterMs: stepMs / 2, forged: true }, sent, last];
  }
}

/**
 * Moves accepted messages on to delivered, and tells whoever asked to be told, signed as Twilio
 * signs. Receipts still owed when the sandbox stopped are posted after the next start.
 */
export function createStatusCallbacks(deps: {
  store: MessageStore;
  accountSid: string;
  authToken: Secret<string>;
  stepMs: number;
}) {
  const { store, stepMs } = deps;
  const stop = new AbortController();
  const timers = new Set<NodeJS.Timeout>();

  function later(afterMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, afterMs);
    timers.add(timer);
  }

  function follow(message: AcceptedMessage, mode: SmsFaults['receipts']): void {
    const fate = fateOf(message.to);
    const errorCode = fate?.kind === 'undelivered' ? fate.code : null;
    later(stepMs, () =>
      store.changeAtProvider(message.id, { status: 'sent', sentAt: new Date().toISOString() }),
    );
    later(2 * stepMs, () => {
      const status = errorCode === null ? 'delivered' : 'undelivered';
      store.changeAtProvider(message.id, { status, errorCode });
    });

    const receipts = message.provider.statusCallback ? planReceipts(mode, fate, stepMs) : [];
    let owed = receipts.length;
    const settled = () => {
      owed -= 1;
      if (owed <= 0) store.changeAtProvider(message.id, { receiptsOwed: false });
    };
    if (owed === 0) later(2 * stepMs, settled);
    // One after the other, so that they are out of order only when they are meant to be.
    let earlier = Promise.resolve();
    for (const receipt of receipts) {
      later(receipt.afterMs, () => {
        earlier = earlier.then(() => post(message, receipt, errorCode, 0, settled));
      });
    }
  }

  async function post(
    message: AcceptedMessage,
    receipt: Receipt,
    errorCode: number | null,
    tries: number,
    settled: () => void,
  ): Promise<void> {
    const url = message.provider.statusCallback as string;
    const params: Record<string, string> = {
      AccountSid: deps.accountSid,
      ApiVersion: '2010-04-01',
      From: message.from,
      MessageSid: message.id,
      MessageStatus: receipt.word,
      SmsSid: message.id,
      SmsStatus: receipt.word,
      To: message.to,
    };
    if (receipt.word === 'undelivered') params.ErrorCode = String(errorCode ?? 30003);
    const signer = receipt.forged ? 'not the auth token' : deps.authToken.reveal();
    const answered = await deliver(
      url,
      params,
      twilio.getExpectedTwilioSignature(signer, url, params),
    );
    if (stop.signal.aborted) return;
    const waitMs = retryDelaysMs[tries];
    if (answered || waitMs === undefined) return settled();
    later(waitMs, () => post(message, receipt, errorCode, tries + 1, settled));
  }

  /** @returns false when the receiver is away or says that it is in trouble */
  async function deliver(url: string, params: Record<string, string>, signature: string) {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body: new URLSearchParams(params),
        headers: { 'X-Twilio-Signature': signature, 'User-Agent': 'TwilioProxy/1.1' },
        redirect: 'manual',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(answerTimeoutMs)]),
      });
      await answer.body?.cancel();
      return answer.status < 500;
    } catch {
      return false;
    }
  }

  for (const message of store.all()) if (message.provider.receiptsOwed) follow(message, 'ok');

  return {
    follow,
    close(): void {
      stop.abort();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
